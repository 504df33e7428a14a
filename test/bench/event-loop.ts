/** The event loop and the memory of a real `run-jobs watch` while it takes in issues and makes their derivatives. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rounded, type Bench, type Part } from './part.js';
import { connectDatabase, makeSampleUploads, migrateDatabase } from './product.js';

const PAGES = [16, 64];
const PROBE = new URL('./daemons/watch-event-loop.js', import.meta.url).href;
const ORG = 'bench';

interface Observed {
  samples: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  longest: number;
  peakRssMegabytes: number;
  wallSeconds: number;
}

/** Where one issue of each kind is brought through. */
interface World {
  root: string;
  url: string;
  review: string;
  settingsFile: string;
  lccns: { borndigital: string; scan: string };
}

export async function benchEventLoop(bench: Bench): Promise<Part> {
  const rows: Part['rows'] = [];
  const all: Observed[] = [];
  for (const pages of PAGES) {
    bench.say(`event loop: making two issues of ${pages} pages`);
    const world = await makeWorld(bench, pages);
    try {
      const works = [
        ['scan: derivatives', () => program(world, 'bulk-queue', '--type', 'scan', '--key', world.lccns.scan)],
        [
          'born-digital: taking in',
          () => program(world, 'bulk-queue', '--type', 'borndigital', '--key', world.lccns.borndigital),
        ],
        ['born-digital: derivatives', () => reviewPages(world)],
      ] as const;
      for (const [work, prepare] of works) {
        await prepare();
        bench.say(`event loop: ${work}, ${pages} pages`);
        const observed = await observeDaemon(world);
        all.push(observed);
        rows.push({
          work,
          pages,
          'wall s': rounded(observed.wallSeconds, 1),
          'delay p50 ms': rounded(observed.p50, 1),
          'p99 ms': rounded(observed.p99, 1),
          'longest ms': rounded(observed.longest, 1),
          'peak RSS MB': rounded(observed.peakRssMegabytes),
        });
      }
    } finally {
      await rm(world.root, { recursive: true, force: true });
    }
  }
  const p99 = Math.max(...all.map((observed) => observed.p99));
  const rss = Math.max(...all.map((observed) => observed.peakRssMegabytes));
  return {
    title: "the daemon's event loop and memory while it works",
    rows,
    aims: [
      { aim: 'delay p99 below 50 ms', measured: `${rounded(p99, 1)} ms at worst`, met: p99 < 50 },
      { aim: 'memory below 400 MB', measured: `${rounded(rss)} MB at most`, met: rss < 400 },
    ],
    notes: [
      'Delay beyond the 10 ms between two samples, from 1.5 s after the start of the process. Memory is that of the daemon with its worker threads; its child programs are not counted.',
    ],
  };
}

async function makeWorld({ server }: Bench, pages: number): Promise<World> {
  const root = await mkdtemp(join(tmpdir(), 'pressmark-bench-issues-'));
  const url = await server.freshDatabase('bench_issues');
  await migrateDatabase({ connectionString: url, includeCurrent: true });
  const place = (name: string) => join(root, name);
  const settings = {
    DATABASE_URL: url,
    VAR_DIRECTORY: place('var'),
    PDF_UPLOAD_PATH: place('sftp'),
    SCAN_UPLOAD_PATH: place('scans'),
    PDF_PAGE_REVIEW_PATH: place('page-review'),
    WORKFLOW_PATH: place('workflow'),
    ORIGINAL_PDF_BACKUP_PATH: place('backup'),
    PDF_BATCH_MARC_ORG_CODE: ORG,
    DURATION_ISSUE_CONSIDERED_DANGEROUS: '0s',
    DURATION_ISSUE_CONSIDERED_NEW: '0s',
  };
  for (const [key, value] of Object.entries(settings))
    if (key.endsWith('_PATH')) await mkdir(value, { recursive: true });
  const settingsFile = place('settings.env');
  await writeFile(
    settingsFile,
    Object.entries(settings)
      .map(([key, value]) => `${key}="${value}"\n`)
      .join(''),
  );
  const uploads = await makeSampleUploads({
    pdfUploadPath: settings.PDF_UPLOAD_PATH,
    scanUploadPath: settings.SCAN_UPLOAD_PATH,
    marcDirectory: place('marc'),
    orgCode: ORG,
    seed: pages,
    bornDigital: { pages },
    scan: { pages, dpi: 300, bits: 8 },
  });
  const lccnOf = ([issue]: { lccn: string }[]) => issue?.lccn ?? '';
  const world: World = {
    root,
    url,
    settingsFile,
    review: settings.PDF_PAGE_REVIEW_PATH,
    lccns: { borndigital: lccnOf(uploads.bornDigital), scan: lccnOf(uploads.scans) },
  };
  await program(world, 'orgs', 'add', ORG, 'Bench Library');
  await program(world, 'titles', 'add', '--marc', place('marc'));
  return world;
}

/** The daemon until nothing is runnable. */
async function observeDaemon(world: World): Promise<Observed> {
  const file = join(world.root, 'event-loop.json');
  const began = performance.now();
  await run(world, ['--import', PROBE, binary('run-jobs'), 'watch', '--exit-when-idle'], { BENCH_EVENT_LOOP: file });
  const wallSeconds = (performance.now() - began) / 1000;
  return { ...(JSON.parse(await readFile(file, 'utf8')) as Omit<Observed, 'wallSeconds'>), wallSeconds };
}

/** The page reviewer: pages get their numbers in the order of the split, then he says that he is done. */
async function reviewPages(world: World): Promise<void> {
  for (const folder of (await readdir(world.review)).filter((name) => !name.startsWith('.'))) {
    const pages = (await readdir(join(world.review, folder))).filter((name) => name.startsWith('seq-')).sort();
    for (const [i, page] of pages.entries())
      await rename(join(world.review, folder, page), join(world.review, folder, `${i + 1}.pdf`));
  }
  const database = connectDatabase({ connectionString: world.url, applicationName: 'bench' });
  const { rows } = await database.pool.query<{ id: number }>(
    `select id from pipelines where hold_action = 'page_review' and status = 'held'`,
  );
  await database.close();
  for (const { id } of rows) await program(world, 'holding-pen', 'decide', String(id), 'done');
}

const binary = (name: string) => fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));

const program = (world: World, name: string, ...args: string[]) => run(world, [binary(name), ...args], {});

/** Runs a program of ours to its end, as a user would: without tsx. @throws Error with what it said when it fails */
async function run(world: World, args: string[], env: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, [...args, '--settings', world.settingsFile], {
    env: { ...process.env, ...env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code ?? signal ?? 'nothing'}:\n${said}`);
}
