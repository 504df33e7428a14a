/** A batch of 100 issues through MakeBatch and GoLive, beside `cp -r` + `sha256sum` of the same files. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeIssueFiles, type MadeIssue } from './batch-issues.js';
import { startBatchSite, type JobCost } from './batch-site.js';
import { rounded, type Aim, type Bench, type Part } from './part.js';
import { median } from './statistics.js';

const ISSUES = 100;
const PAGES = 8;
/** Bytes per byte of payload that are none of it: rows of the database, answers of the agents, batch.xml. */
const READING_BESIDES = 0.05;
const WALL_LIMIT = 1.5;
const run = promisify(execFile);

interface Move {
  name: string;
  pipeline: string;
  jobs: string[];
  /** How often a byte of the payload may be read: a moved file and its copy are two files. */
  readings: number;
  /** The files that it is about. */
  files: 'all' | 'live';
}

const MOVES: Move[] = [
  {
    name: 'entering the batch',
    pipeline: 'MakeBatch',
    jobs: ['create_batch_structure'],
    readings: 1,
    files: 'all',
  },
  {
    name: 'bag: manifests, validation',
    pipeline: 'MakeBatch',
    jobs: ['write_bagit_manifest', 'validate_tagmanifest'],
    readings: 0,
    files: 'all',
  },
  { name: 'live copy', pipeline: 'MakeBatch', jobs: ['copy_live'], readings: 1, files: 'live' },
  {
    name: 'move to the archive',
    pipeline: 'GoLiveProcess',
    jobs: ['sync_recursive', 'verify_recursive', 'delete_directory', 'rename_directory'],
    readings: 2,
    files: 'all',
  },
];

/** One round. */
interface Round {
  costs: JobCost[];
  rival: Record<Move['files'], Rival>;
}

interface Rival {
  copySeconds: number;
  sumSeconds: number;
  /** What it would take on top to be safe from a power cut, as ours is. */
  syncSeconds: number;
}

export async function benchBatch({ server, rounds, say }: Bench): Promise<Part> {
  const title = `a batch of ${ISSUES} issues x ${PAGES} pages`;
  const parent = await mkdtemp(join(tmpdir(), 'bench-batch-'));
  try {
    say(`batch: making the files of ${ISSUES} issues`);
    const issues = await makeIssueFiles(join(parent, 'issues'), { issues: ISSUES, pages: PAGES });
    const bytes = { all: payloadOf(issues, () => true), live: payloadOf(issues, (path) => !path.endsWith('.tif')) };
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`batch, round ${round}`);
      measured.push(await oneRound(await server.freshDatabase('bench_batch'), parent, issues));
    }
    const sizes = `${rounded(bytes.all / 1e6)} MB in ${countOf(issues)} files, ${rounded(bytes.live / 1e6)} MB of them live`;
    return { title: `${title}: ${sizes}`, ...told(measured, bytes) };
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function oneRound(url: string, parent: string, issues: readonly MadeIssue[]): Promise<Round> {
  const site = await startBatchSite(url, parent, issues);
  try {
    const all = await rivalCost(join(parent, 'issues'), join(site.root, 'rival'));
    const batch = await site.makeBatch();
    const live = await rivalCost(join(site.settings.BATCH_PRODUCTION_PATH, batch.fullName), join(site.root, 'rival'));
    await site.goLive(batch);
    return { costs: await site.costs(), rival: { all, live } };
  } finally {
    await site.stop();
    await rm(site.root, { recursive: true, force: true });
  }
}

/** Copies a tree and sums the copy, one file after the other, as people do by hand. */
async function rivalCost(from: string, to: string): Promise<Rival> {
  const timed = async (program: string, ...args: string[]) => {
    const began = performance.now();
    await run(program, args, { maxBuffer: 1e8, cwd: from });
    return (performance.now() - began) / 1000;
  };
  await run('sync', ['-f', from]); // what was written before is not written out meanwhile
  const copySeconds = await timed('cp', '-r', from, to);
  const sumSeconds = await timed('find', to, '-type', 'f', '-exec', 'sha256sum', '{}', '+');
  const syncSeconds = await timed('sync', '-f', to);
  await rm(to, { recursive: true });
  await run('sync', ['-f', from]);
  return { copySeconds, sumSeconds, syncSeconds };
}

function told(measured: readonly Round[], bytes: Record<Move['files'], number>): Omit<Part, 'title'> {
  const moves = MOVES.map((move) => costOf(move, measured, bytes[move.files]));
  const rivals = [rivalRow('all', measured), rivalRow('live', measured)];
  return {
    rows: [...moves.map(moveRow), ...rivals],
    aims: moves.flatMap((cost) => [readingAim(cost), ...(cost.move.readings > 0 ? [wallAim(cost)] : [])]),
    notes: [
      'Wall time of a move is that of its jobs (completed_at - started_at); read/payload is rchar of /proc/self/io during them, per byte of payload.',
      'Ours is on the disk (fsync) when a job ends; cp and sha256sum leave that to the kernel: what "sync -f" takes after them is told in brackets.',
    ],
  };
}

/** Medians of one move. */
interface MoveCost {
  move: Move;
  seconds: number;
  /** Seconds of each of its jobs. */
  each: number[];
  /** How often a byte of the payload was read. */
  readings: number;
  /** By the time of cp and sha256sum. */
  share: number;
}

function costOf(move: Move, measured: readonly Round[], payload: number): MoveCost {
  const of = ({ costs }: Round, types: string[], pick: (cost: JobCost) => number) =>
    costs
      .filter(({ pipeline, type }) => pipeline === move.pipeline && types.includes(type))
      .reduce((total, cost) => total + pick(cost), 0);
  const seconds = median(measured.map((round) => of(round, move.jobs, (cost) => cost.seconds)));
  const rival = median(measured.map(({ rival }) => rival[move.files].copySeconds + rival[move.files].sumSeconds));
  return {
    move,
    seconds,
    each: move.jobs.map((type) => median(measured.map((round) => of(round, [type], (cost) => cost.seconds)))),
    readings: median(measured.map((round) => of(round, move.jobs, (cost) => cost.bytesRead))) / payload,
    share: seconds / rival,
  };
}

const moveRow = ({ move, seconds, each, readings, share }: MoveCost): Part['rows'][number] => ({
  what: move.name,
  'wall s': rounded(seconds, 2),
  'by job': each.map((one) => rounded(one, 2)).join(' + '),
  'read/payload': rounded(readings, 3),
  'x cp + sha256sum': rounded(share, 2),
});

function rivalRow(files: Move['files'], measured: readonly Round[]): Part['rows'][number] {
  const of = (pick: (rival: Rival) => number) => rounded(median(measured.map(({ rival }) => pick(rival[files]))), 2);
  return {
    what: `cp -r + sha256sum, ${files === 'all' ? 'all files' : 'the live files'}`,
    'wall s': of(({ copySeconds, sumSeconds }) => copySeconds + sumSeconds),
    'by job': `${of((rival) => rival.copySeconds)} + ${of((rival) => rival.sumSeconds)} (sync: ${of((rival) => rival.syncSeconds)})`,
    'read/payload': 2,
    'x cp + sha256sum': 1,
  };
}

const HOW_OFTEN = ['no file is read', 'each file is read once', 'each file is read once, and its copy once'];

const readingAim = ({ move, readings }: MoveCost): Aim => ({
  aim: `${move.name}: ${HOW_OFTEN[move.readings] ?? ''} at most`,
  measured: `${rounded(readings, 3)} bytes per byte of payload`,
  met: readings <= move.readings + READING_BESIDES,
});

const wallAim = ({ move, share }: MoveCost): Aim => ({
  aim: `${move.name}: within ${WALL_LIMIT} x of cp -r + sha256sum`,
  measured: `${rounded(share, 2)} x`,
  met: share <= WALL_LIMIT,
});

const payloadOf = (issues: readonly MadeIssue[], counts: (path: string) => boolean): number =>
  issues.flatMap(({ files }) => files.filter(({ path }) => counts(path))).reduce((sum, { size }) => sum + size, 0);

const countOf = (issues: readonly MadeIssue[]): number => issues.reduce((sum, { files }) => sum + files.length, 0);
