/** Upgrading without losing work (docs/deploy.md): the database first, while the old daemons work, then the daemons one by one. */
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, it, onTestFinished, vi } from 'vitest';
import type { Database } from '../../src/database/database.js';
import { migrateDatabase } from '../../src/database/migrate.js';
import { enqueue } from '../../src/engine/enqueue.js';
import { removeFile } from '../../src/files/jobs.js';
import { run } from '../cli/run-program.js';
import { startDaemon } from '../cli/started-program.js';
import { until } from '../engine/support.js';
import { commitMigrations } from '../support/commit-migrations.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

vi.setConfig({ testTimeout: 240_000 }); // every migration runs several times, beside a daemon

/** What a coming version might bring: each table gets a column, a queue an index. */
const COMING = `
  alter table pipelines add column if not exists coming text;
  alter table jobs add column if not exists coming integer not null default 0;
  alter table decisions add column if not exists coming text;
  alter table runners add column if not exists coming text;
  alter table job_logs add column if not exists coming text;
  alter table events add column if not exists coming text;
  alter table watchers add column if not exists coming text;
  create index if not exists pipelines_coming on pipelines (coming);
`;

/** The migrations of this version, all committed, in a directory of their own. */
async function migrationsOfThisVersion(): Promise<string> {
  const directory = join(await temporaryDirectory(), 'migrations');
  await cp('migrations', directory, { recursive: true });
  await commitMigrations(directory, inject('postgres').adminUrl);
  return directory;
}

async function emptyDatabase(): Promise<TestDatabase> {
  const own = await createEmptyDatabase();
  onTestFinished(own.drop);
  return own;
}

const migrate = (own: TestDatabase, migrationsDirectory: string): Promise<string[]> =>
  migrateDatabase({ connectionString: own.url, includeCurrent: false, migrationsDirectory });

const statuses = async ({ pool }: Database) =>
  (await pool.query<{ status: string; count: number }>('select status, count(*) from pipelines group by 1')).rows;

it('a daemon of this version goes on working while a coming version migrates its database, and after that', async () => {
  const own = await emptyDatabase();
  const directory = await migrationsOfThisVersion();
  await migrate(own, directory);
  const area = await temporaryDirectory();
  let made = 0;
  const jobs = () => Array.from({ length: 5 }, () => removeFile({ location: join(area, String(++made)) }));
  const some = (count: number) =>
    enqueue(own.database.kysely, Array.from({ length: count }, () => ({ name: 'Tidy', description: '', jobs: jobs() })), { actor: 'ann' }); // prettier-ignore
  const env = { DATABASE_URL: own.url, PDF_UPLOAD_PATH: area, SCAN_UPLOAD_PATH: await temporaryDirectory() };
  await some(100);
  const daemon = await startDaemon(env);
  await until('it works', async () => (await statuses(own.database)).some(({ status }) => status === 'success'));
  await mkdir(join(directory, 'current'), { recursive: true });
  await writeFile(join(directory, 'current', '1-coming.sql'), COMING);
  await commitMigrations(directory, inject('postgres').adminUrl);
  expect(await migrate(own, directory)).toEqual([expect.stringMatching(/-coming\.sql$/)]);
  await some(100);
  await until('all is done', async () => (await statuses(own.database)).every(({ status }) => status === 'success'), 120); // prettier-ignore
  daemon.child.kill('SIGTERM');
  expect((await daemon.ended).code).toBe(0);
  expect(await statuses(own.database)).toEqual([{ status: 'success', count: 200 }]);
  // PostgreSQL may end a claim that deadlocks with a change of several tables; the next poll claims
  const isDeadlock = ({ err }: Record<string, unknown>) => (err as { code?: string } | undefined)?.code === '40P01';
  expect(daemon.lines().filter((line) => Number(line['level']) > 30 && !isDeadlock(line))).toEqual([]);
  const { rows } = await own.database.pool.query(`select from events where kind <> 'cleaned'`);
  expect(rows).toEqual([]); // no attempt failed
  expect(await run('run-jobs', ['status'], env)).toMatchObject({ exitCode: 0 }); // a command of the old version
});

it('a daemon that finds its database older than itself does not begin, says what to run, and begins once that was run', async () => {
  const own = await emptyDatabase();
  const directory = await migrationsOfThisVersion();
  const [last = ''] = (await readdir('migrations/committed')).sort().slice(-1);
  const older = join(await temporaryDirectory(), 'migrations');
  await cp(directory, older, { recursive: true, filter: (path) => !/\/\d+-[^/]*\.sql$/.test(path) || path.slice(path.lastIndexOf('/') + 1) < last }); // prettier-ignore
  await migrate(own, older);
  const env = { DATABASE_URL: own.url };
  const refused = await run('run-jobs', ['watch'], env);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toContain(`The database lacks migration ${last}: run bin/migrate-database`);
  expect(await run('migrate-database', [], env)).toMatchObject({ exitCode: 0 });
  await migrate(own, directory); // what is not committed yet
  const daemon = await startDaemon(env);
  daemon.child.kill('SIGTERM');
  expect((await daemon.ended).code).toBe(0);
});
