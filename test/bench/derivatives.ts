/**
 * Splitting and derivatives of 16-page issues, beside the exact commands of NCA (newspapers 6), in one run: rounds
 * take turns, medians are given. CPU time counts this process and all programs it ran.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import sharp from 'sharp';
import { product } from './derivatives-product.js';
import { runNcaDerivatives, runNcaSplit } from './nca-derivatives.js';
import { median } from './statistics.js';

export interface DerivativesRow {
  work: string;
  contender: 'Pressmark' | 'NCA';
  pages: number;
  wallSecondsPerPage: number;
  cpuSecondsPerPage: number;
  /** Of the JP2s; 0 for splitting. */
  bytesPerPage: number;
}

interface Work {
  name: string;
  /** Makes the input in a fresh directory. */
  prepare: (directory: string) => Promise<void>;
  pressmark: (directory: string) => Promise<void>;
  nca: (directory: string) => Promise<void>;
}

const DATA = join(import.meta.dirname, '../../../shared/data/newspapers');
const PAGES = 16;
const SIDE_BY_SIDE = 2;
const silent = { info: () => undefined, warn: () => undefined };

/**
 * Measures on the real newspapers of ../shared/data: four issues of four born-digital pages; four scanned pages, four
 * times over, as 1-bit TIFFs as they are and as the 8-bit grey ones that most vendors deliver.
 *
 * @param only names of the works that are wanted
 * @returns no rows when the data or Ghostscript and GraphicsMagick are not there
 */
export async function benchDerivatives({ rounds = 3, only = /./ } = {}): Promise<DerivativesRow[]> {
  const { findProgram, closeThreads } = await product();
  const tools = await Promise.all(['gs', 'gm', 'pdfseparate'].map((name) => findProgram(name)));
  if (!existsSync(DATA) || tools.includes(undefined)) return [];
  const rows: DerivativesRow[] = [];
  for (const work of works().filter(({ name }) => only.test(name))) {
    const measured = { Pressmark: [] as Cost[], NCA: [] as Cost[] };
    for (let round = 0; round < rounds; round++) {
      measured.Pressmark.push(await measure(work.prepare, work.pressmark));
      measured.NCA.push(await measure(work.prepare, work.nca));
    }
    for (const contender of ['Pressmark', 'NCA'] as const) {
      const costs = measured[contender];
      rows.push({
        ...{ work: work.name, contender, pages: PAGES },
        wallSecondsPerPage: median(costs.map(({ wall }) => wall)) / PAGES,
        cpuSecondsPerPage: median(costs.map(({ cpu }) => cpu)) / PAGES,
        bytesPerPage: (costs[0]?.bytes ?? NaN) / PAGES,
      });
    }
  }
  await closeThreads();
  return rows;
}

function works(): Work[] {
  const derive = (kind: 'borndigital' | 'scan') => ({
    pressmark: async (directory: string) => {
      const { makeDerivatives } = await product();
      await makeDerivatives({
        ...{ directory, kind, dpi: kind === 'scan' ? 150 : 200, quality: 62.5, language: 'eng' },
        ...{ share: pLimit(SIDE_BY_SIDE), progress: { report: () => undefined }, log: silent },
      });
    },
    nca: (directory: string) => runNcaDerivatives(directory, kind),
  });
  const sources = async (directory: string) => (await readdir(directory)).sort().map((name) => join(directory, name));
  return [
    {
      name: 'split 4 PDFs into 16 pages',
      prepare: uploadedPdfs,
      pressmark: async (directory) => {
        const { splitPdfs } = await product();
        const outputDirectory = `${directory}-split`;
        await splitPdfs({ sources: await sources(directory), outputDirectory, minimumPages: 2, log: silent });
        await rm(outputDirectory, { recursive: true });
      },
      nca: async (directory) => {
        await runNcaSplit(await sources(directory), `${directory}-split`);
        await rm(`${directory}-split`, { recursive: true });
      },
    },
    { name: 'born-digital', prepare: bornDigitalPages, ...derive('borndigital') },
    { name: 'scan, 1-bit', prepare: (directory) => scannedPages(directory, false), ...derive('scan') },
    { name: 'scan, 8-bit grey', prepare: (directory) => scannedPages(directory, true), ...derive('scan') },
  ];
}

async function uploadedPdfs(directory: string): Promise<void> {
  const issues = join(DATA, 'born-digital/sn93059126');
  for (const issue of (await readdir(issues)).sort())
    for (const name of await readdir(join(issues, issue)))
      await copyFile(join(issues, issue, name), join(directory, `${issue}.pdf`));
}

async function bornDigitalPages(directory: string): Promise<void> {
  const { splitPdfs } = await product();
  const uploads = await mkdtemp(join(tmpdir(), 'bench-uploads-'));
  await uploadedPdfs(uploads);
  const outputDirectory = join(uploads, 'split');
  const names = (await readdir(uploads)).sort().map((name) => join(uploads, name));
  await splitPdfs({ sources: names, outputDirectory, minimumPages: PAGES, log: silent });
  for (const name of await readdir(outputDirectory))
    await copyFile(join(outputDirectory, name), join(directory, name.replace('seq-', '')));
  await rm(uploads, { recursive: true });
}

async function scannedPages(directory: string, grey: boolean): Promise<void> {
  const scans = join(DATA, 'scans/mwa/sn93059126/1856-05-10');
  for (let page = 1; page <= PAGES; page++) {
    const from = join(scans, `000${((page - 1) % 4) + 1}`);
    const to = join(directory, String(page).padStart(4, '0'));
    await copyFile(`${from}.pdf`, `${to}.pdf`);
    if (!grey) await copyFile(`${from}.tif`, `${to}.tif`);
    // what a grey scanner sees of the same sheet: soft edges
    else await sharp(`${from}.tif`).blur(1.2).toColourspace('b-w').tiff({ compression: 'lzw' }).toFile(`${to}.tif`);
  }
}

interface Cost {
  /** Seconds. */
  wall: number;
  cpu: number;
  bytes: number;
}

async function measure(prepare: Work['prepare'], work: (directory: string) => Promise<void>): Promise<Cost> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-issue-'));
  await prepare(directory);
  const cpu = await cpuSeconds();
  const began = performance.now();
  await work(directory);
  const wall = (performance.now() - began) / 1000;
  const used = (await cpuSeconds()) - cpu;
  const bytes = await jp2Bytes(directory);
  await rm(directory, { recursive: true });
  return { wall, cpu: used, bytes };
}

async function jp2Bytes(directory: string): Promise<number> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.jp2'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Of this process and the programs it has run to their end; NaN where there is no /proc. */
async function cpuSeconds(): Promise<number> {
  const line = await readFile('/proc/self/stat', 'utf8').catch(() => undefined);
  if (line === undefined) return NaN;
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).map(Number); // utime, stime, cutime, cstime
  return ticks.reduce((sum, each) => sum + each, 0) / 100; // USER_HZ is 100 on Linux
}
