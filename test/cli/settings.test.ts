/** `run-jobs settings`, and that a password never leaves a program, whatever is wrong (design 8; issue 5, section 3). */
import { readdirSync, statSync } from 'node:fs';
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/database/embedded.js';
import { SETTING_KEYS, showSettings } from '../../src/settings.js';
import { freePort } from '../support/ports.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../engine/support.js';
import { run, succeed, succeedJson } from './run-program.js';
import { start } from './started-program.js';

const SECRET = 'hunter2%40x';
/** As it is written in an address, and as the server gets it. */
const LEAKS = /hunter2/;

describe('run-jobs settings', () => {
  interface Shown {
    settings: { key: string; value: string | null; source: string }[];
    ignoredKeys: string[];
  }

  test('shows every setting, its value and where it comes from, without a database', async () => {
    const file = join(await temporaryDirectory(), 'settings.env');
    await writeFile(file, '# ours\nDPI=300\nWORKFLOW_PATH=work\nSHUTDOWN_GRACE=1m30s\nDB_PASSWORD=hunter2\n');
    const env = {
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing',
      REDIS_URL: `redis://:${SECRET}@db`,
      NCA_QUALITY: '50',
      AGENT_CLIENT_KEY: '/keys/id',
    };
    const { settings, ignoredKeys } = await succeedJson<Shown>('run-jobs', ['settings', '--settings', file], env);
    expect(settings.map(({ key }) => key)).toEqual(SETTING_KEYS);
    const shown = Object.fromEntries(settings.map(({ key, value, source }) => [key, [value, source]]));
    expect(shown).toMatchObject({
      DPI: ['300', `${file} line 2`],
      WORKFLOW_PATH: [resolve('work'), `${file} line 3`],
      SHUTDOWN_GRACE: ['1m30s', `${file} line 4`],
      QUALITY: ['50', 'environment NCA_QUALITY'],
      DATABASE_URL: ['postgresql://nobody@127.0.0.1:1/nothing', 'environment DATABASE_URL'],
      AGENT_CLIENT_KEY: ['/keys/id', 'environment AGENT_CLIENT_KEY'],
      SCANNED_PDF_DPI: ['150', 'default'],
      REDIS_URL: ['redis://:***@db', 'environment REDIS_URL'],
      NEWS_WEBROOT: [null, 'default'],
      PDF_UPLOAD_PATH: ['/mnt/news/sftp', 'default'],
    });
    expect(ignoredKeys).toEqual(['DB_PASSWORD']);
    const text = await succeed('run-jobs', ['settings', '--settings', file], env);
    expect(text).toMatch(/^DPI +300 +.*line 2$/m);
    expect(text).toMatch(/^NEWS_WEBROOT +- +default$/m);
    expect(text).not.toMatch(LEAKS);
  });

  test.each([
    ['DATABASE_URL', `postgres://ann:${SECRET}@db:5432/pressmark`, 'postgres://ann:***@db:5432/pressmark'],
    [
      'DATABASE_URL',
      `postgres:///pressmark?host=/run&password=${SECRET}&user=ann`,
      'postgres:///pressmark?host=/run&password=***&user=ann',
    ],
    ['REDIS_URL', `redis://:${SECRET}@db/0`, 'redis://:***@db/0'],
    ['REDIS_URL', 'rediss://ann:hunter2@x@db/0', 'rediss://ann:***@db/0'],
    ['NEWS_WEBROOT', `https://ann:${SECRET}@news.example`, 'https://ann:***@news.example'],
  ])('masks the password of %s=%s', (key, value, masked) => {
    const settings = showSettings({ file: '/dev/null', env: { [key]: value } });
    expect(settings.find((setting) => setting.key === key)).toEqual({
      key,
      value: masked,
      source: `environment ${key}`,
    });
  });
});

/** Every program that opens the database, with a call that does so at once and changes nothing. */
const PROGRAMS: Record<string, string[]> = {
  agent: ['--site', 'staging', 'version'],
  batches: ['list'],
  'bulk-queue': ['--type', 'borndigital'],
  'delete-live-done-issues': [],
  'holding-pen': ['list'],
  issues: ['list'],
  'migrate-database': [],
  orgs: ['list'],
  'page-review-issue-fixer': ['--key', 'sn1/1856051001'],
  'queue-batches': [],
  'remove-dead-issues': [],
  'run-jobs': ['status'],
  titles: ['list'],
  users: ['list'],
};

test('every program of bin/ is known here', () => {
  const programs = readdirSync('bin').filter((name) => statSync(join('bin', name)).isFile());
  expect(programs).toEqual(Object.keys(PROGRAMS));
});

describe('a password never leaves a program', () => {
  let refusing: string; // a server that asks for a password, and will not take ours
  let stop: () => Promise<void>;
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pressmark-secrets-'));
    await chmod(directory, 0o755);
    const server = await startEmbeddedPostgres({ directory, durable: false });
    stop = server.stop;
    const admin = new pg.Client({ connectionString: server.connectionString });
    await admin.connect();
    await admin.query(`create role ann login password 'another'`);
    const hba = join(server.dataDirectory, 'pg_hba.conf');
    await writeFile(hba, `local all ann scram-sha-256\n${await readFile(hba, 'utf8')}`);
    await admin.query('select pg_reload_conf()');
    await admin.end();
    const url = new URL(server.connectionString);
    url.searchParams.set('user', 'ann');
    refusing = `${url.toString()}&password=${SECRET}`;
    // It is told that the file has changed, and reads it when it comes to it.
    await until('the server refuses it', async () => {
      const client = new pg.Client({ connectionString: refusing });
      const refusal = await client.connect().then(
        () => undefined,
        (error: unknown) => error as pg.DatabaseError,
      );
      await client.end().catch(() => undefined);
      return refusal?.code === '28P01';
    });
  });
  afterAll(async () => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  });

  const calls = Object.entries(PROGRAMS);

  test.each(calls)('%s: not when the server refuses it', async (program, args) => {
    const { exitCode, stdout, stderr } = await run(program, args, { DATABASE_URL: refusing });
    expect(exitCode).toBe(1);
    if (program !== 'agent') expect(stderr).toContain('password authentication failed for user "ann"');
    expect(stdout + stderr).not.toMatch(LEAKS);
  });

  /** The others open the database as run-jobs does. */
  const openers = calls.filter(([program]) => ['agent', 'migrate-database', 'run-jobs'].includes(program));

  test.each(openers)('%s: not when nobody answers, nor with a setting that is wrong', async (program, args) => {
    const port = await freePort();
    const away = await run(program, args, { DATABASE_URL: `postgres://ann:${SECRET}@127.0.0.1:${port}/pressmark` });
    expect(away.exitCode).toBe(1);
    expect(away.stdout + away.stderr).not.toMatch(LEAKS);
    if (program !== 'run-jobs') return; // they read the settings by one function
    for (const url of [`postgres:/ann:${SECRET}@db`, `mysql://ann:${SECRET}@db`, `postgres://ann:${SECRET}@no host`]) {
      const wrong = await run(program, args, { DATABASE_URL: url, REDIS_URL: `redis://:${SECRET}@db/?x` });
      expect(wrong.exitCode).toBe(2);
      expect(wrong.stdout + wrong.stderr).not.toMatch(LEAKS);
    }
  });

  test.each([
    ['refuses it', () => refusing],
    ['is not there', async () => `postgres://ann:${SECRET}@127.0.0.1:${await freePort()}/pressmark`],
    ['cannot be found', () => `postgres://ann:${SECRET}@no-such-host.invalid/pressmark`],
  ])('the daemon: not when the server %s', async (_how, url) => {
    const { exitCode, stdout, stderr } = await run('run-jobs', ['watch'], {
      DATABASE_URL: await url(),
      LOG_LEVEL: 'trace',
    });
    expect(exitCode).toBe(1);
    expect(stderr).not.toBe('');
    expect(stdout + stderr).not.toMatch(LEAKS);
  });

  describe('to Redis', () => {
    let own: TestDatabase;
    let redis: TestRedis;
    beforeAll(async () => {
      own = await createTestDatabase();
      redis = await startRedis({ password: 'another' });
    });
    afterAll(async () => {
      await redis.drop();
      await own.drop();
    });

    test('nor to the database of NCA', async () => {
      const nca = `mysql://nca:${SECRET}@127.0.0.1:${await freePort()}/nca`;
      const { exitCode, stdout, stderr } = await run('issues', ['import-nca', '--database', nca], {
        DATABASE_URL: own.url,
        MYSQL_PWD: 'hunter2',
      });
      expect(exitCode).toBe(1);
      expect(stderr).not.toBe('');
      expect(stdout + stderr).not.toMatch(LEAKS);
    });

    test('not in a log, a job log or an event, when Redis refuses it and a job needs a lock', async () => {
      const place = await temporaryDirectory();
      await appendFile(join(place, 'file'), 'x');
      await own.database.pool.query(
        `insert into pipelines (name, description, created_by, queue, next_sequence) values ('Test', 'a test', 'ann', 'io', 10)`,
      );
      await own.database.pool.query(
        `insert into jobs (pipeline_id, sequence, type, queue, args) values (1, 10, 'delete_directory', 'io', $1)`,
        [JSON.stringify({ directory: join(place, 'none') })],
      );
      const daemon = start('run-jobs', ['watch'], {
        DATABASE_URL: own.url,
        REDIS_URL: `redis://:${SECRET}@127.0.0.1:${redis.port}/0`,
        LOG_LEVEL: 'trace',
        POLL_INTERVAL: '100ms',
      });
      await until('Redis has refused', () => /WRONGPASS|NOAUTH|password/i.test(daemon.stderr()));
      await until('the job was tried', async () => {
        const { rowCount } = await own.database.pool.query(`select from pipelines where status <> 'pending'`);
        return rowCount === 1;
      });
      const status = await run('run-jobs', ['status'], {
        DATABASE_URL: own.url,
        REDIS_URL: `redis://:${SECRET}@127.0.0.1:${redis.port}/0`,
      });
      daemon.child.kill('SIGTERM');
      await daemon.ended;
      const { rows } = await own.database.pool.query<{ all: string }>(
        `select concat((select json_agg(l) from job_logs l), (select json_agg(e) from events e), (select json_agg(p) from pipelines p), (select json_agg(j) from jobs j), (select json_agg(w) from watchers w)) as all`,
      );
      expect(rows[0]?.all).toContain('delete_directory');
      expect(daemon.stderr() + daemon.stdout() + status.stdout + status.stderr + (rows[0]?.all ?? '')).not.toMatch(
        LEAKS,
      );
    });
  });
});
