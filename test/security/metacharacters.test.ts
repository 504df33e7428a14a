/** The languages of the database and of the shell in everything that people type: it is kept as it was typed, or refused. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cleanFiles } from '../../src/files/jobs.js';
import { run } from '../cli/run-program.js';
import { enqueuedOne, rows, useDatabase } from '../engine/support.js';

const own = useDatabase();
const EVIL = `x'); drop table pipelines cascade; select ('"; $(touch made) \`touch made\` | touch made & %s \${HOME} \\ * ? ~ $1 :name -- /* é`;
let env: Record<string, string>;
let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), `pressmark '"$(touch made); -- `));
  env = {
    DATABASE_URL: own.url,
    PDF_UPLOAD_PATH: join(root, 'uploads'),
    SCAN_UPLOAD_PATH: join(root, 'scans'),
    VAR_DIRECTORY: join(root, 'var'),
  };
});
afterAll(() => rm(root, { recursive: true, force: true }));

const typed = (program: string, ...args: string[]) => run(program, [...args, '--json'], env);
const tables = () => rows(own, `select schemaname, tablename from pg_tables where schemaname in ('public', 'newspapers') order by 1, 2`); // prettier-ignore
const one = async (text: string) => Object.values((await rows<Record<string, unknown>>(own, text))[0] ?? {})[0];

test('names, titles and reasons are kept to the letter', async () => {
  const before = await tables();
  const id = await enqueuedOne(own, { name: 'Test', description: EVIL, object: { type: 'issue', id: 7 }, jobs: [cleanFiles({ location: `/x/${EVIL}` })] }); // prettier-ignore
  const done = [
    await typed('orgs', 'add', 'tst', EVIL),
    await typed('run-jobs', 'cancel', String(id), '--reason', EVIL),
    await typed('users', 'add', 'ada', '--name', EVIL, '--role', 'sysop'),
  ];
  expect(done.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  expect(await one('select name from newspapers.orgs')).toBe(EVIL);
  expect(await one('select name from users')).toBe(EVIL);
  expect(await one(`select detail ->> 'reason' from events where detail ->> 'reason' is not null`)).toBe(EVIL);
  expect(await one('select description from pipelines')).toBe(EVIL);
  await rows(own, 'delete from users');
  expect(await tables()).toEqual(before);
});

test.each<[string, ...string[]]>([
  ['holding-pen', 'list', '--text', EVIL, '--org', EVIL, '--assignee', EVIL],
  ['run-jobs', 'pipelines', '--object', `issue/1; ${EVIL}`],
  ['issues', 'show', EVIL],
  ['titles', 'set', EVIL, '--rights', EVIL],
  ['batches', 'show', EVIL],
  ['bulk-queue', '--type', 'borndigital', '--key', EVIL],
  ['queue-batches', '--org', EVIL],
  ['users', 'grant', EVIL, EVIL, '--as', EVIL],
])('as what to look for it finds nothing and does nothing: %s', async (program, ...args) => {
  const before = await tables();
  const { exitCode, stderr } = await typed(program, ...args);
  expect(exitCode).toBeLessThanOrEqual(2);
  expect(stderr).not.toMatch(/syntax error|unterminated|^ +at .*\(/m);
  expect(await tables()).toEqual(before);
  expect(await readdir(root)).not.toContain('made');
  expect(await readdir('.')).not.toContain('made');
});
