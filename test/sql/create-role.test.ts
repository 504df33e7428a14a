/** bin/sql/create-role.sql: all of Pressmark works as a role that may read and write rows and nothing else (issue 5, section 4). */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { loadSettings } from '../../src/settings.js';
import { openCoordination } from '../../src/coordination/coordination.js';
import { connectDatabase, type Database } from '../../src/database/database.js';
import { requireMigrated } from '../../src/database/migrate.js';
import { run, succeed } from '../cli/run-program.js';
import { startDaemon } from '../cli/started-program.js';
import { toolsFor } from '../end-to-end/backup.js';
import { until } from '../engine/support.js';
import { writePdf } from '../newspapers/derivatives/documents.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { did, refused } from './psql.js';

const suffix = randomUUID().slice(0, 8);
const owner = `pm_owner_${suffix}`;
const role = `pm_role_${suffix}`;
const other = `pm_other_${suffix}`;
const master = `pm_master_${suffix}`;
const guest = `pm_guest_${suffix}`;

const execute = promisify(execFile);

let own: TestDatabase;
let asOwner: string;
let asRole: string;
let programs: Database;

/** The roles, then the tables as their owner, as a new installation does it. */
beforeAll(async () => {
  own = await createEmptyDatabase();
  asOwner = as(owner);
  asRole = as(role);
  await did(own.url, 'create-role', { owner, role });
  expect(await refused(asRole, 'create-role', { owner, role })).toContain(`${role} may not do this`);
  const untilNow = await run('migrate-database', ['--current'], { DATABASE_URL: asRole });
  expect(untilNow).toMatchObject({ exitCode: 1, stdout: '' });
  expect(untilNow.stderr).toMatch(`The role ${role} may not change the database`);
  expect(untilNow.stderr).toMatch(`migrate as ${owner}, e.g. DATABASE_URL=postgresql://${owner}@HOST/`);
  const asSuperuser = await run('migrate-database', ['--current'], { DATABASE_URL: own.url }); // its tables would not be the owner's
  expect(asSuperuser.stderr).toMatch(`migrate as ${owner}, e.g.`);
  expect((await run('run-jobs', ['status'], { DATABASE_URL: asRole })).stderr).toContain(
    'The database lacks migration 000001-engine.sql: run bin/migrate-database',
  );
  expect(await run('migrate-database', ['--current'], { DATABASE_URL: asOwner })).toMatchObject({ exitCode: 0 });
  programs = connectDatabase({ connectionString: asRole, applicationName: 'test' });
});
afterAll(async () => {
  await programs.close();
  await own.drop();
  const admin = new pg.Client({ connectionString: inject('postgres').adminUrl });
  await admin.connect();
  for (const name of [role, owner, other, guest, master]) await admin.query(`drop role if exists ${name}`);
  await admin.end();
});

function as(name: string, database = own.url): string {
  const url = new URL(database);
  url.searchParams.set('user', name);
  return url.toString();
}

describe('the script', () => {
  test('run again changes nothing, and shows who may what', async () => {
    await did(own.url, 'create-role', { owner, role }); // takes the defaults off the migrations' own tables
    const before = await rights();
    const said = await did(own.url, 'create-role', { owner, role });
    expect(await rights()).toEqual(before);
    expect(said).toMatch(new RegExp(`${owner} +\\| t +\\| t +\\| t +\\| t`));
    expect(said).toMatch(new RegExp(`${role} +\\| t +\\| f +\\| f +\\| f`));
    expect(said).toMatch(/graphile_migrate +\| +\d+ \| +0 \| +0 \| +0/);
    for (const [schema, tables] of await tableCounts())
      expect(said).toMatch(new RegExp(`${schema} +\\| +${tables} \\| +${tables} \\| +${tables} \\| +${tables}`));
  });

  test.each([
    ['one role for both', { owner, role: owner }, /must be two/],
    ['a name with a quote', { owner, role: `x"; drop role ${owner}; --` }, /is no name for a role/],
    ["another owner than the tables'", { owner: other, role }, new RegExp(`belong to ${owner}, not to ${other}`)],
    ['the roles swapped', { owner: role, role: owner }, new RegExp(`belong to ${owner}, not to ${role}`)],
  ])('refuses %s', async (_what, variables, said) => {
    const before = await rights();
    expect(await refused(own.url, 'create-role', variables)).toMatch(said);
    expect(await rights()).toEqual(before);
  });

  test('refuses a role that could help itself', async () => {
    await own.database.pool.query(`create role ${other} login createrole`);
    expect(await refused(own.url, 'create-role', { owner, role: other })).toContain('may do too much');
    await own.database.pool.query(`alter role ${other} nocreaterole; grant ${owner} to ${other}`);
    expect(await refused(own.url, 'create-role', { owner, role: other })).toContain(`is a member of ${owner}`);
  });
});

test('where nobody is a superuser the owner of the database makes the role, if it may make roles', async () => {
  const managed = await createEmptyDatabase();
  try {
    await managed.database.pool.query(`create role ${master} login createrole`);
    await managed.database.pool.query(`alter database ${new URL(managed.url).pathname.slice(1)} owner to ${master}`);
    const url = new URL(managed.url);
    url.searchParams.set('user', master);
    expect(await did(url.toString(), 'create-role', { owner: master, role: guest })).toMatch(
      new RegExp(`${guest} +\\| t +\\| f +\\| f +\\| f`),
    );
  } finally {
    await managed.drop();
  }
});

const NOT_ALLOWED = [
  'drop table pipelines cascade',
  'truncate pipelines cascade',
  'alter table pipelines add column x text',
  'alter table pipelines disable trigger all',
  'create table more (x integer)',
  'create schema more',
  'create view more as select 1',
  'create index on jobs (type)',
  `create function more() returns integer language sql as 'select 1'`,
  `create or replace function cancel_pipeline(p_id bigint, p_actor text, p_reason text) returns text language sql as 'select 1'`,
  'drop function requeue_pipeline',
  'select * from graphile_migrate.migrations',
  'delete from graphile_migrate.migrations',
  'create role more',
  `set role ${owner}`,
  `alter role ${owner} nologin`,
  'create extension dblink',
  `copy pipelines to program 'cat'`,
  `select pg_read_file('/etc/passwd')`,
  'set session_replication_role = replica',
  `select pg_terminate_backend(pid) from pg_stat_activity where usename <> current_user`,
];

/** The SQLSTATE that a role gets for a statement; when it goes through it is taken back. */
async function refusalOf({ pool }: Database, statement: string): Promise<string> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    return await client.query(statement).then(
      () => `${statement} went through`,
      (error: unknown) => (error as pg.DatabaseError).code ?? `${statement} failed by ${(error as Error).message}`,
    );
  } finally {
    await client.query('rollback');
    client.release();
  }
}

describe('the role of the programs', () => {
  test.each(NOT_ALLOWED)('may not: %s', async (statement) => {
    expect(await refusalOf(programs, statement)).toMatch(/^(42501|42704)$/);
  });

  test('may not more after a restore as docs/deploy.md has it', { timeout: 120_000 }, async ({ skip }) => {
    const tools = await toolsFor(own);
    if (!tools) return skip('no pg_dump of the version of this server');
    const manual = await readFile('docs/deploy.md', 'utf8');
    const [, documented = '', after] = /pg_restore (.*?) -d pressmark' <.*\n([^]*?)```/.exec(manual) ?? [];
    expect(after).toContain('bin/sql/create-role.sql   # again');
    const options = documented.replace('pressmark_owner', owner).split(' ');
    const file = join(await temporaryDirectory(), 'pressmark.dump');
    await execute(tools.dump, ['-Fc', '--file', file, '--dbname', own.url]);

    const anew = await createEmptyDatabase();
    const restored = connectDatabase({
      connectionString: as(role, anew.url),
      applicationName: 'test',
    });
    try {
      await did(anew.url, 'create-role', { owner, role });
      await execute(tools.restore, [...options, '--dbname', anew.url, file]);
      await did(anew.url, 'create-role', { owner, role });
      await requireMigrated(restored.pool);
      for (const statement of NOT_ALLOWED) expect(await refusalOf(restored, statement)).toMatch(/^(42501|42704)$/);
    } finally {
      await restored.close();
      await anew.drop();
    }
  });

  test('knows which migrations there are without seeing them', async () => {
    await requireMigrated(programs.pool);
  });

  test('gets rights on what later migrations bring, without anything being granted again', async () => {
    const { database, drop } = {
      database: connectDatabase({ connectionString: asOwner, applicationName: 'test' }),
      drop: 'drop schema later cascade',
    };
    try {
      await database.pool
        .query(`create schema later; create table later.things (id bigint generated always as identity, n bigint default 1);
        create table later_things (id bigserial); create function later_answer() returns integer language sql as 'select 42'`);
      await programs.pool.query(
        'insert into later.things default values; insert into later_things default values; update later.things set n = later_answer(); delete from later.things',
      );
    } finally {
      await database.pool.query(`${drop}; drop table later_things; drop function later_answer`);
      await database.close();
    }
  });

  test('holds locks, keeps progress and hears notifications', async () => {
    const settings = { ...loadSettings({ file: '/dev/null', env: {} }) };
    const coordination = await openCoordination(settings, programs.pool);
    const lock = await coordination.locks.take('a test');
    await expect(coordination.locks.take('a test')).rejects.toThrow();
    await lock.release();
    coordination.close();
    const listener = new pg.Client({ connectionString: asRole });
    await listener.connect();
    await listener.query('listen pressmark');
    const heard = new Promise<string | undefined>((resolve) =>
      listener.on('notification', ({ payload }) => resolve(payload)),
    );
    await programs.pool.query(`select pg_notify('pressmark', 'io')`);
    expect(await heard).toBe('io');
    await listener.end();
  });

  test('all programs work as it: an upload goes in by a daemon, people answer, verbs and scripts do what they say', async () => {
    const area = await temporaryDirectory();
    const at = (name: string) => join(area, name);
    const places = [
      'PDF_UPLOAD',
      'SCAN_UPLOAD',
      'ORIGINAL_PDF_BACKUP',
      'PDF_PAGE_REVIEW',
      'WORKFLOW',
      'ERRORED_ISSUES',
      'BATCH_OUTPUT',
      'BATCH_PRODUCTION',
      'BATCH_ARCHIVE',
    ];
    for (const place of places) await mkdir(at(place));
    const upload = join(at('PDF_UPLOAD'), 'sn1', '1856-05-10');
    await mkdir(upload, { recursive: true });
    await writePdf(join(upload, '1.pdf'), { lines: ['first page'] }, { lines: ['second page'] });
    await writeFile(at('sn1.xml'), MARC);
    const env = {
      DATABASE_URL: asRole,
      DPI: '72',
      DURATION_ISSUE_CONSIDERED_DANGEROUS: '0',
      DURATION_ISSUE_CONSIDERED_NEW: '0',
      ...Object.fromEntries(places.map((place) => [`${place}_PATH`, at(place)])),
    };
    const ok = (program: string, ...args: string[]) => succeed(program, args, env);

    await ok('users', 'add', 'tester', '--role', 'sysop');
    await ok('orgs', 'add', 'oru', 'University of Oregon Libraries; Eugene, OR');
    await ok('titles', 'add', '--marc', at('sn1.xml'));
    await ok('titles', 'set', 'sn1', '--org', 'oru');
    const daemon = await startDaemon(env);
    await ok('bulk-queue', '--type', 'borndigital', '--key', 'sn1');
    const asking = async (action: string) =>
      (await ok('holding-pen', 'list', '--action', action, '--json')).includes(`"${action}"`);
    await until('the page review is asked for', () => asking('page_review'), 120);
    await ok('holding-pen', 'claim', '1');
    await ok('holding-pen', 'release', '1');
    await did(asRole, 'page-review-redo', { issue: 1, reason: 'a test', actor: 'tester' });
    await until(
      'it asks again',
      async () =>
        (await programs.pool.query(`select from pipelines where hold_rev > 1 and status = 'held'`)).rowCount === 1,
      120,
    );
    await did(asRole, 'page-review-look-again');
    await ok('run-jobs', 'cancel', '1', '--reason', 'a test');
    await ok('issues', 'resume', '1', '--reason', 'a test');
    await Promise.all(
      ['unfinished-work', 'runners', 'slow-jobs', 'table-sizes', 'locks-held', 'page-reviews'].map((script) =>
        did(asRole, script),
      ),
    );
    await did(asRole, 'stuck-of-dead-runners-to-pending', { reason: 'a test' });
    const looks = [
      ['run-jobs', 'status'], ['issues', 'show', '1'], 
      ['batches', 'list'], ['queue-batches'], ['run-jobs', 'clean', '--older-than', '90d', '--to', at('archived')], ['migrate-database'],
    ] as const; // prettier-ignore
    await Promise.all(looks.map(([program, ...args]) => ok(program, ...args)));
    daemon.child.kill('SIGTERM');
    expect((await daemon.ended).code).toBe(0);
    expect(daemon.stderr()).not.toContain('permission denied');
  }, 480_000);
});

const MARC = `<record><datafield tag="010"><subfield code="a">sn 1</subfield></datafield>
<datafield tag="245"><subfield code="a">The weekly.</subfield></datafield><datafield tag="260"><subfield code="a">Chicopee</subfield></datafield></record>`;

/** Everything that was granted in this database, and the roles of this test. */
async function rights(): Promise<unknown[]> {
  const { rows } = await own.database.pool.query<object>(
    `select 'class' as what, oid::regclass::text as name, relacl::text as acl from pg_class where relnamespace::regnamespace::text in ('public', 'newspapers', 'graphile_migrate')
     union all select 'schema', nspname, nspacl::text from pg_namespace union all select 'default', defaclobjtype::text, defaclacl::text from pg_default_acl
     union all select 'database', datname, datacl::text from pg_database where datname = current_database()
     union all select 'role', rolname, rolcanlogin::text from pg_roles where rolname in ($1, $2, $3) order by 1, 2, 3`,
    [owner, role, other],
  );
  return rows;
}

async function tableCounts(): Promise<[schema: string, tables: number][]> {
  const { rows } = await own.database.pool.query<{ schema: string; tables: number }>(
    `select relnamespace::regnamespace::text as schema, count(*) as tables from pg_class where relkind in ('r', 'v') and relnamespace::regnamespace::text in ('public', 'newspapers') group by 1`,
  );
  return rows.map(({ schema, tables }) => [schema, tables]);
}
