/** The world around Pressmark, for the demo: upload areas, settings, a publisher, a person who reviews pages. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { openDatabase } from '../../database/open-database.js';
import { FatalError } from '../../engine/job.js';
import { listHeld } from '../../engine/pen/list.js';
import { pageReview } from '../../newspapers/actions.js';
import { makeSampleUploads } from '../../newspapers/samples/uploads.js';
import { loadSettings } from '../../settings.js';
import { penRegistry } from '../pen-registry.js';

export interface Places {
  root: string;
  settingsFile: string;
  pdfUploads: string;
  scanUploads: string;
  review: string;
  workflow: string;
  backup: string;
  /** Batches as the sites load them. */
  live: string;
}

/** What lies in the upload areas, and what must be known before it can be queued. */
export interface Uploads {
  orgs: { code: string; name: string }[];
  /** Directory of MARC records. */
  marc: string;
  /** LCCNs. */
  bornDigital: string[];
  scans: string[];
}

/** Makes the demo's directories and its settings file. What is uploaded is complete: no waiting time for it. */
export async function makePlaces(root: string): Promise<Places> {
  const places: Places = {
    root,
    settingsFile: join(root, 'settings.env'),
    pdfUploads: join(root, 'uploads', 'sftp'),
    scanUploads: join(root, 'uploads', 'scans'),
    review: join(root, 'page-review'),
    workflow: join(root, 'workflow'),
    backup: join(root, 'backup', 'originals'),
    live: join(root, 'production-batches'),
  };
  const areas = {
    PDF_UPLOAD_PATH: places.pdfUploads,
    SCAN_UPLOAD_PATH: places.scanUploads,
    PDF_PAGE_REVIEW_PATH: places.review,
    WORKFLOW_PATH: places.workflow,
    ORIGINAL_PDF_BACKUP_PATH: places.backup,
    BATCH_OUTPUT_PATH: join(root, 'outgoing'),
    BATCH_PRODUCTION_PATH: places.live,
    BATCH_ARCHIVE_PATH: join(root, 'batch-archive'),
    ERRORED_ISSUES_PATH: join(root, 'errors'),
  };
  for (const directory of Object.values(areas)) await mkdir(directory, { recursive: true });
  const settings = {
    VAR_DIRECTORY: join(root, 'var'),
    ...areas,
    PDF_BATCH_MARC_ORG_CODE: 'demo',
    DURATION_ISSUE_CONSIDERED_DANGEROUS: '0s',
    DURATION_ISSUE_CONSIDERED_NEW: '0s',
  };
  await writeFile(
    places.settingsFile,
    Object.entries(settings)
      .map(([key, value]) => `${key}="${value}"\n`)
      .join(''),
  );
  return places;
}

const ORG = { code: 'demo', name: 'Demonstration Library' };

/** Makes one born-digital and one scanned issue that look like newspapers. */
export async function makeUploads(places: Places): Promise<Uploads> {
  const marc = join(places.root, 'uploads', 'marc');
  const made = await makeSampleUploads({
    pdfUploadPath: places.pdfUploads,
    scanUploadPath: places.scanUploads,
    marcDirectory: marc,
    orgCode: ORG.code,
    seed: 1,
  });
  return {
    orgs: [ORG],
    marc,
    bornDigital: made.bornDigital.map((issue) => issue.lccn),
    scans: made.scans.map((issue) => issue.lccn),
  };
}

/**
 * Copies real issues, of either kind or of both; the originals stay as they are.
 * @throws FatalError when there are none
 */
export async function copyUploads(from: string, places: Places): Promise<Uploads> {
  const kinds = [
    ['born-digital', places.pdfUploads],
    ['scans', places.scanUploads],
  ] as const;
  const there = kinds.filter(([name]) => existsSync(join(from, name)));
  if (there.length === 0)
    throw new FatalError(
      `${from} has neither born-digital/ nor scans/: lay issues out as born-digital/<LCCN>/<YYYY-MM-DD>/*.pdf or scans/<organisation code>/<LCCN>/<YYYY-MM-DD>/NNNN.{tif,pdf}, with marc/*.xml beside`,
    );
  for (const [name, area] of there) await cp(join(from, name), area, { recursive: true });
  await tellTwinsApart(places);
  const codes = await readdir(places.scanUploads);
  const scans = await Promise.all(codes.map((code) => readdir(join(places.scanUploads, code))));
  return {
    orgs: [ORG, ...codes.map((code) => ({ code, name: `Organisation ${code}` }))],
    marc: join(from, 'marc'),
    bornDigital: await readdir(places.pdfUploads),
    scans: [...new Set(scans.flat())],
  };
}

/** The same issue born-digital and scanned would be refused as a duplicate: the scan becomes a second edition. */
async function tellTwinsApart(places: Places): Promise<void> {
  const issues = await readdir(places.scanUploads, { recursive: true });
  for (const issue of issues.filter((path) => /^[^/]+\/[^/]+\/\d{4}-\d{2}-\d{2}$/.test(path))) {
    const twin = join(places.pdfUploads, ...issue.split('/').slice(1));
    if (!existsSync(twin)) continue;
    process.stdout.write(`${issue} lies there born-digital, too: its scan is called edition 2\n`);
    await rename(join(places.scanUploads, issue), join(places.scanUploads, `${issue}_02`));
  }
}

/** Renames every page that waits for review to a number, in the order of the split. Returns the folders. */
export async function reviewPages(places: Places): Promise<string[]> {
  const folders = (await readdir(places.review))
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(places.review, name));
  for (const folder of folders) {
    const pages = (await readdir(folder)).filter((name) => name.startsWith('seq-')).sort();
    for (const [i, page] of pages.entries()) await rename(join(folder, page), join(folder, `${i + 1}.pdf`));
  }
  return folders;
}

/** Pipelines that wait for the page review. */
export async function pageReviews(places: Places): Promise<number[]> {
  const { held } = await connect(places, (db) => listHeld(db, penRegistry, { action: pageReview.name, limit: 1000 }));
  return held.map((pipeline) => pipeline.id);
}

/** Looks into the demo's database, for what a person would see in the programs. */
export async function connect<T>(places: Places, look: (db: Kysely<DB>) => Promise<T>): Promise<T> {
  const database = await openDatabase(loadSettings({ file: places.settingsFile, env: {} }), 'demo');
  try {
    return await look(database.kysely);
  } finally {
    await database.close();
  }
}

/** Starts the daemon as systemd would, its log shown; it runs until it is stopped. */
export function startDaemon(places: Places): { stop: () => Promise<void> } {
  process.stdout.write('$ bin/run-jobs watch &\n');
  const child = spawn(process.execPath, [programFile('run-jobs'), 'watch', '--settings', places.settingsFile], {
    stdio: 'inherit',
  });
  const exited = once(child, 'exit');
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Waits until nothing is at work any more: all has ended, is held or has failed. */
export async function untilSettled(places: Places, interrupted: AbortSignal): Promise<void> {
  await connect(places, async (db) => {
    const atWork = () =>
      db
        .selectFrom('pipelines')
        .select('id')
        .where('status', 'in', ['pending', 'in_process', 'delayed'])
        .limit(1)
        .execute();
    while ((await atWork()).length > 0) await sleep(200, undefined, { signal: interrupted });
  });
}

/** Whether a pipeline has failed: of issues that somebody brought, one may. */
export async function hasFailures(places: Places): Promise<boolean> {
  const failed = await connect(places, (db) =>
    db.selectFrom('pipelines').select('id').where('status', '=', 'failed').execute(),
  );
  return failed.length > 0;
}

/** Runs one of Pressmark's programs as a user would, its output shown. @throws Error when it fails */
export async function runVisibly(name: string, args: string[]): Promise<void> {
  process.stdout.write(`$ ${[`bin/${basename(name)}`, ...args.slice(0, -2).map(shellWord)].join(' ')}\n`);
  const child = spawn(process.execPath, [programFile(name), ...args], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  process.off('SIGINT', forward).off('SIGTERM', forward);
  if (code !== 0) throw new Error(`bin/${name} ended with ${code ?? signal ?? 'nothing'}; see what it said above`);
}

/** An argument as a shell takes it, so that what is shown can be pasted. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

const programFile = (name: string) => fileURLToPath(new URL(`../../../bin/${name}`, import.meta.url));
