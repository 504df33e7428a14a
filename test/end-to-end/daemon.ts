/** A world of its own for end-to-end tests: upload areas, settings, a database, and the real programs run in it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

export interface World {
  root: string;
  pdfUploads: string;
  scanUploads: string;
  review: string;
  workflow: string;
  backup: string;
  own: TestDatabase;
  /** Runs one of Pressmark's programs to its end. @throws Error with what it printed when it fails */
  run: (program: string, ...args: string[]) => Promise<string>;
  /** Starts the daemon; it ends when nothing is runnable. */
  startDaemon: (env?: Record<string, string>) => ChildProcess;
}

/** Makes a world below `root`, with further settings for its programs. */
export async function makeWorld(root: string, settings: Record<string, string> = {}): Promise<World> {
  const own = await createTestDatabase();
  const places = {
    pdfUploads: join(root, 'uploads', 'sftp'),
    scanUploads: join(root, 'uploads', 'scans'),
    review: join(root, 'page-review'),
    workflow: join(root, 'workflow'),
    backup: join(root, 'backup'),
  };
  for (const directory of Object.values(places)) await mkdir(directory, { recursive: true });
  const file = join(root, 'settings.env');
  const all = {
    DATABASE_URL: own.url,
    VAR_DIRECTORY: join(root, 'var'),
    PDF_UPLOAD_PATH: places.pdfUploads,
    SCAN_UPLOAD_PATH: places.scanUploads,
    PDF_PAGE_REVIEW_PATH: places.review,
    WORKFLOW_PATH: places.workflow,
    ORIGINAL_PDF_BACKUP_PATH: places.backup,
    PDF_BATCH_MARC_ORG_CODE: 'tst',
    DURATION_ISSUE_CONSIDERED_DANGEROUS: '0s',
    DURATION_ISSUE_CONSIDERED_NEW: '0s',
    POLL_INTERVAL: '200ms',
    LOG_LEVEL: 'warn',
    ...settings,
  };
  await writeFile(
    file,
    Object.entries(all)
      .map(([key, value]) => `${key}="${value}"\n`)
      .join(''),
  );
  const start = (program: string, args: string[], env: Record<string, string> = {}) =>
    spawn(process.execPath, [`bin/${program}`, ...args, '--settings', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
  return {
    root,
    ...places,
    own,
    async run(program, ...args) {
      const child = start(program, args);
      const output = collect(child);
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}: ${output.join('')}`);
      return output.join('');
    },
    startDaemon: (env) => start('run-jobs', ['watch', '--exit-when-idle'], env),
  };
}

/** Waits for the daemon's end. @throws Error with what it printed when it fails */
export async function daemonEnd(child: ChildProcess): Promise<void> {
  const output = collect(child);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`run-jobs ended with ${String(code ?? signal)}: ${output.join('')}`);
}

function collect(child: ChildProcess): string[] {
  const output: string[] = [];
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  return output;
}

/** The page reviewer: renames the pages of every folder in the order of the split and says that it is done. */
export async function reviewPages(world: World): Promise<void> {
  const { rows } = await world.own.database.pool.query<{ id: number; hold_payload: { directory: string } }>(
    `select id, hold_payload from pipelines where status = 'held' and hold_action = 'page_review' order by object_id`,
  );
  for (const { id, hold_payload } of rows) {
    const folder = hold_payload.directory;
    const pages = (await readdir(folder)).filter((name) => name.startsWith('seq-')).sort();
    for (const [i, page] of pages.entries()) await rename(join(folder, page), join(folder, `${i + 1}.pdf`));
    await world.run('holding-pen', 'decide', String(id), 'done');
  }
}

/** SHA-256 of every file of the world but its settings, by path: two worlds with the same files are equal. */
export async function filesOf(world: World): Promise<Record<string, string>> {
  const names = (await readdir(world.root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(join(world.root, 'var')) && !path.endsWith('settings.env'));
  const sums = await Promise.all(
    names.map(async (path) => [
      path.slice(world.root.length + 1),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ]),
  );
  return Object.fromEntries(sums.sort()) as Record<string, string>;
}

/** What the database says, without ids of runs, times and counts of attempts: equal after a disturbed and an undisturbed run. */
export async function rowsOf(world: World): Promise<unknown> {
  const { pool } = world.own.database;
  const query = async (text: string) => (await pool.query<Record<string, unknown>>(text)).rows;
  const rows = {
    // by object and name, not by id: which of two issues comes to its second pipeline first is a matter of luck
    pipelines: await query(
      `select object_type, object_id, name, description, status, hold_kind, hold_action, hold_message, hold_payload, error from pipelines order by object_id, name`,
    ),
    jobs: await query(
      `select object_id, pipeline, sequence, type, status, result - 'because' - 'copied' as result, error from job_list order by object_id, pipeline, sequence`,
    ),
    issues: await query(
      `select id, workflow_step, human_name, location, backup_location from newspapers.issues order by id`,
    ),
    pages: await query(`select issue_id, number, label, no_label from newspapers.pages order by issue_id, number`),
    leftovers: await query(`select pipeline_id from progress`),
  };
  return JSON.parse(JSON.stringify(rows).replaceAll(world.root, '<root>'));
}
