import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import pino from 'pino';
import type { Done, JobContext } from '../../src/engine/job.js';
import { sha256 } from '../../src/files/checksum.js';
import { splitPages } from '../../src/newspapers/jobs/split-pages.js';
import { conformanceOfPage, recordConformance } from '../../src/newspapers/page-conformance.js';
import { testSettings, useDatabase } from '../engine/support.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { writePdf } from './derivatives/documents.js';
import { stub } from './derivatives/stub-program.js';
import { givenIssue } from './rows.js';

const own = useDatabase();
const hex = (digit: string) => digit.repeat(64);

test('what a page file is goes with its sum, is replaced by a later judgement, and ends with the issue', async () => {
  const db = own.database.kysely;
  const issue = await givenIssue(db, 'sn71');
  const record = (pages: Parameters<typeof recordConformance>[2]) =>
    db.transaction().execute((trx) => recordConformance(trx, issue.id, pages));
  expect(await conformanceOfPage(db, issue.id, hex('a'))).toBe('not asked');
  await record([
    { sha256: hex('a'), conformance: 'unvalidated' },
    { sha256: hex('a'), conformance: 'unvalidated' }, // two blank pages are one file
    { sha256: hex('b'), conformance: 'failed' },
  ]);
  await record([{ sha256: hex('a'), conformance: 'validated' }]);
  await record([]);
  expect(await conformanceOfPage(db, issue.id, hex('a'))).toBe('validated');
  expect(await conformanceOfPage(db, issue.id, hex('b'))).toBe('failed');
  const other = await givenIssue(db, 'sn73');
  expect(await conformanceOfPage(db, other.id, hex('a'))).toBe('not asked');
  await db.deleteFrom('newspapers.issues').where('id', '=', issue.id).execute();
  expect(await conformanceOfPage(db, issue.id, hex('a'))).toBe('not asked');
});

test('the splitting job records what became of each page, also when it runs again', async () => {
  const directory = await temporaryDirectory();
  const [source, output] = [join(directory, 'work'), join(directory, 'split')];
  await mkdir(source);
  await writePdf(join(source, '1.pdf'), { lines: ['One'] }, { lines: ['Two'] });
  await stub(directory, 'gs', 'exit 1'); // nothing becomes PDF/A
  const db = own.database.kysely;
  const issue = await givenIssue(db, 'sn72');
  const { id: pipelineId } = await db
    .insertInto('pipelines')
    .values({
      name: 'Split',
      description: 'a test',
      object_type: 'issue',
      object_id: issue.id,
      created_by: 'test',
      queue: 'cpu',
      next_sequence: 10,
    } as never) // prettier-ignore
    .returning('id')
    .executeTakeFirstOrThrow();
  const run = async (PDF_A: boolean) => {
    const settings = { ...testSettings, MINIMUM_ISSUE_PAGES: 1, PDF_A };
    const context = { args: { source, output }, db, settings, pipelineId, log: pino({ level: 'silent' }), signal: new AbortController().signal } as unknown as JobContext<{ source: string; output: string }>; // prettier-ignore
    return (await splitPages.definition.run(context)) as Done;
  };
  const sums = async () => Promise.all(['1', '2'].map((n) => sha256(join(output, `seq-000${n}.pdf`))));

  expect((await run(false)).commit).toBeUndefined();
  expect(await conformanceOfPage(db, issue.id, (await sums())[0] ?? '')).toBe('not asked');
  const outcome = await run(true); // the pages are there already, as after a crash
  expect(outcome.result).toEqual({ pages: 2, plain: 2 });
  await db.transaction().execute(async (trx) => outcome.commit?.(trx));
  for (const sum of await sums()) expect(await conformanceOfPage(db, issue.id, sum)).toBe('failed');
});
