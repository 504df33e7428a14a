/** The resolution of every picture in 500 scanned PDFs, beside `pdfimages -list` run on each (newspapers 5.4 rows 18 to 20). */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { product } from './derivatives-product.js';
import { busyCpuSeconds } from './machine.js';
import { rounded, type Bench, type Part } from './part.js';
import { median } from './statistics.js';

const SCANS = join(import.meta.dirname, '../../../shared/data/newspapers/scans/mwa/sn93059126/1856-05-10');
const FILES = 500;
const run = promisify(execFile);

type Check = (pdf: string) => Promise<unknown>;

export async function benchDpiCheck({ rounds, say }: Bench): Promise<Part> {
  const title = `resolution of the pictures in ${FILES} scanned PDFs`;
  const needs = { title, rows: [], aims: [], notes: ['needs ../shared/data/newspapers and pdfimages (poppler-utils)'] };
  const { findProgram, pdfImages, closeThreads } = await product();
  if (!existsSync(SCANS) || !(await findProgram('pdfimages'))) return needs;
  say(`dpi-check: ${FILES} scanned PDFs`);
  const directory = await mkdtemp(join(tmpdir(), 'bench-dpi-'));
  try {
    const pdfs = await copies(directory);
    const ways: { way: string; check: Check; atOnce: number }[] = [
      { way: 'Pressmark', check: (pdf) => pdfImages(pdf), atOnce: 1 },
      { way: 'Pressmark, two at once', check: (pdf) => pdfImages(pdf), atOnce: 2 },
      { way: 'pdfimages -list', check: (pdf) => run('pdfimages', ['-list', pdf]), atOnce: 1 },
      { way: 'pdfimages -list, two at once', check: (pdf) => run('pdfimages', ['-list', pdf]), atOnce: 2 },
    ];
    const measured = ways.map(({ way }) => ({ way, wall: [] as number[], cpu: [] as number[] }));
    for (let round = 0; round < rounds; round++)
      for (const [index, { check, atOnce }] of ways.entries()) {
        const { wall, cpu } = await cost(pdfs, check, atOnce);
        measured[index]?.wall.push(wall);
        measured[index]?.cpu.push(cpu);
      }
    await closeThreads();
    const walls = measured.map(({ wall }) => median(wall));
    const [ours = NaN, , theirs = NaN] = walls;
    return {
      title,
      rows: measured.map(({ way, wall, cpu }) => ({
        way,
        'wall s': rounded(median(wall), 2),
        'CPU s': rounded(median(cpu), 2),
        'ms/PDF': rounded((median(wall) / FILES) * 1000, 2),
      })),
      aims: [
        {
          aim: 'faster than pdfimages -list on each, one after the other',
          measured: `${rounded(theirs / ours, 1)} times as fast`,
          met: ours < theirs,
        },
      ],
      notes: [],
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function copies(directory: string): Promise<string[]> {
  const scans = (await readdir(SCANS)).filter((name) => name.endsWith('.pdf'));
  const targets = Array.from({ length: FILES }, (_, index) => join(directory, `${index}.pdf`));
  for (const [index, target] of targets.entries())
    await copyFile(join(SCANS, scans[index % scans.length] ?? ''), target);
  return targets;
}

async function cost(pdfs: readonly string[], check: Check, atOnce: number): Promise<{ wall: number; cpu: number }> {
  const limit = pLimit(atOnce);
  const [began, busy] = [performance.now(), busyCpuSeconds()];
  await Promise.all(pdfs.map((pdf) => limit(() => check(pdf))));
  return { wall: (performance.now() - began) / 1000, cpu: busyCpuSeconds() - busy };
}
