/** Workflow files of what has been in the dark archive for four weeks (newspapers spec 7.3, W23). */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { readFileSets } from '../../../src/files/fixity/file-records.js';
import { closeThreads } from '../../../src/files/threads.js';
import { batchPlaces } from '../../../src/newspapers/batches/batch-places.js';
import { listBatchEvents } from '../../../src/newspapers/batches/batch-events.js';
import type { Batch } from '../../../src/newspapers/batches/batches.js';
import { patch } from '../../../src/newspapers/batches/patch.js';
import { deleteLiveDoneIssues, type DeleteLiveDoneEvent } from '../../../src/newspapers/delete-live-done-issues.js';
import { parseIssueKey } from '../../../src/newspapers/issue-key.js';
import { listIssueEvents } from '../../../src/newspapers/issue-events.js';
import { findIssueById, issueObject, setIssueColumns, type Issue } from '../../../src/newspapers/issues.js';
import { rows, until, useDatabase } from '../../engine/support.js';
import { readTree } from '../../files/trees.js';
import { givenCleanSite, reread, startBatchRunner, type Site } from '../batches/batch-road.js';
import { standing } from '../intake-stage.js';
import { archivedBatch } from './live-road.js';
import { changingNothing } from './unchanged.js';

const own = useDatabase();
const db = () => own.database.kysely;
let site: Site;
afterAll(() => closeThreads());
beforeEach(async () => {
  site = await givenCleanSite(own);
});

async function run(live: boolean): Promise<DeleteLiveDoneEvent[]> {
  const events: DeleteLiveDoneEvent[] = [];
  for await (const event of deleteLiveDoneIssues(db(), site.settings, { actor: 'ann', live })) events.push(event);
  return events;
}
const told = (events: DeleteLiveDoneEvent[]) =>
  events.map((one) => ('key' in one ? `${one.event} ${one.key}` : `${one.event} ${one.batch}`));
const untilGone = ({ id }: Issue) =>
  until(`issue ${id} has no files`, async () => (await findIssueById(db(), id))?.location === null);
const isLocated = async ({ id }: Issue) => (await findIssueById(db(), id))?.location !== null;

test(
  'W23: without --live nothing is changed; with it due batches are closed and their files go',
  { timeout: 120_000 },
  async () => {
    const seen = new Set<string>();
    const runner = await startBatchRunner(site, seen);
    const { batch, issues } = await archivedBatch(site, 2, 28);
    await runner.stop(5);
    const [one] = issues;
    const expected = [`batch done ${batch.fullName}`, ...issues.map(({ key }) => `issue ${key}`)];
    const dry = await changingNothing(own, site.root, () => run(false));
    expect(told(dry)).toEqual(expected);
    expect(dry).toContainEqual(expect.objectContaining({ key: one?.key, files: 6, location: one?.location, pipelineId: null })); // prettier-ignore

    const archive = batchPlaces(batch.fullName, site.settings).archive;
    const archived = readTree(archive);
    expect(told(await run(true))).toEqual(expected);
    expect(await reread(site, batch)).toMatchObject({ status: 'live_done' });
    expect(told(await run(true)), 'before a daemon came').toEqual(expected.slice(1));
    await startBatchRunner(site, seen);
    for (const issue of issues) await untilGone(issue);
    expect(readdirSync(site.settings.WORKFLOW_PATH)).toEqual([]);
    expect(readTree(archive)).toEqual(archived);
    expect(await readFileSets(db(), issueObject(one?.id ?? 0))).toEqual([]);
    expect(await findIssueById(db(), one?.id ?? 0)).toMatchObject({ workflowStep: 'InProduction', ignored: true });
    expect((await listBatchEvents(db(), batch.id)).at(-1)).toMatchObject({ kind: 'batch_done', actor: 'ann' });
    expect((await listIssueEvents(db(), one?.id ?? 0)).map(({ kind }) => kind).slice(-2)).toEqual(['deletion_decided', 'workflow_files_deleted']); // prettier-ignore
    for (const type of ['delete_archived_files', 'forget_issue_files']) expect(seen).toContain(type);
    expect(await run(true)).toEqual([]);

    expect(await damagedBags(), 'whole, and told by their own sums, when no issue is verified any more').toBe('');
    const page = Object.keys(archived).find((path) => path.endsWith('0001.jp2')) ?? '';
    for (const bag of [batchPlaces(batch.fullName, site.settings).live, archive]) {
      const bytes = await readFile(join(bag, page));
      await writeFile(join(bag, page), bytes.with(0, (bytes[0] ?? 0) ^ 1));
      expect(await damagedBags()).toBe(`${page}: FAILED\nDAMAGED ${bag}/\n`);
      await writeFile(join(bag, page), bytes);
    }
  },
);

/** What the loop of docs/deploy.md says of the bags of this site. */
async function damagedBags(): Promise<string> {
  const [loop = ''] = /^for bag in [^]*?\ndone$/m.exec(await readFile('docs/deploy.md', 'utf8')) ?? [];
  const { BATCH_PRODUCTION_PATH: live, BATCH_ARCHIVE_PATH: archive } = site.settings;
  const here = loop.replace('/mnt/news/production-batches', live).replace('/mnt/news/batch-archive', archive);
  return (await promisify(execFile)('sh', ['-c', here])).stdout;
}

test('two runs of it at once close each batch once', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  const { batch } = await archivedBatch(site, 1, 28);
  const [last] = await rows<{ id: number }>(
    own,
    `insert into newspapers.batches (org_id, name, full_name, status, archived_at)
     select org_id, 'zLast', replace(full_name, name, 'zLast'), status, archived_at from newspapers.batches where id = $1 returning id`,
    [batch.id],
  );
  const slow = deleteLiveDoneIssues(db(), site.settings, { actor: 'bea', live: true });
  expect(await slow.next()).toMatchObject({ value: { event: 'batch done', batchId: batch.id } });
  expect(told(await run(true)).filter((line) => line.startsWith('batch done'))).toEqual([
    expect.stringContaining('zLast'),
  ]);
  for await (const event of slow) expect(event.event).not.toBe('batch done');
  const done = (await listBatchEvents(db(), last?.id ?? 0)).filter(({ kind }) => kind === 'batch_done');
  expect(done).toMatchObject([{ actor: 'ann' }]);
});

test('four weeks are not over after 27 days', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  const { batch } = await archivedBatch(site, 1, 27);
  expect(await changingNothing(own, site.root, () => run(true))).toEqual([]);
  expect(await reread(site, batch)).toMatchObject({ status: 'live_archived' });
});

describe('an issue whose files stay is named with the reason, and does not keep the others', () => {
  const troubles: Record<string, [(issue: Issue, batch: Batch) => Promise<unknown>, RegExp]> = {
    'the archive does not hold a file': [
      (issue, batch) => rows(own, `delete from files f using file_sets s where s.id = f.set_id and s.object_type = 'batch' and s.object_id = $1 and s.role = 'bag' and f.path = $2`, [batch.id, `data/sn12345678/print/18560510${String(issue.edition).padStart(2, '0')}/0001.jp2`]), // prettier-ignore
      /does not hold 0001.jp2 with the recorded SHA-256/,
    ],
    'the archive holds another one': [
      (issue) => rows(own, `update files f set sha256 = decode(repeat('ab', 32), 'hex') from file_sets s where s.id = f.set_id and s.object_type = 'issue' and s.object_id = $1 and f.path = '0001.pdf'`, [issue.id]), // prettier-ignore
      /does not hold 0001.pdf with the recorded SHA-256/,
    ],
    'nothing is recorded of the batch': [
      (_issue, batch) => rows(own, `delete from file_sets where object_type = 'batch' and object_id = $1 and $2::text is not null`, [batch.id, 'all']), // prettier-ignore
      /nothing is recorded of the files of/,
    ],
    'a file came later': [
      (issue) => writeFile(join(issue.location ?? '', 'notes.txt'), 'by a person'),
      /notes.txt in .* came or changed since/,
    ],
    'a file was changed by hand': [
      (issue) => writeFile(join(issue.location ?? '', '0001.pdf'), 'a better page'),
      /0001.pdf in .* came or changed since/,
    ],
    'it is not InProduction': [
      (issue) => setIssueColumns(db(), issue.id, { workflow_step: 'UnfixableMetadataError' }),
      /it is UnfixableMetadataError, not InProduction/,
    ],
    'it lies outside WORKFLOW_PATH': [
      async (issue) => {
        await rename(issue.location ?? '', join(site.root, 'elsewhere'));
        await setIssueColumns(db(), issue.id, { location: join(site.root, 'elsewhere') });
      },
      /is not below WORKFLOW_PATH/,
    ],
    'its place is WORKFLOW_PATH itself': [
      (issue) => setIssueColumns(db(), issue.id, { location: site.settings.WORKFLOW_PATH }),
      /is not below WORKFLOW_PATH/,
    ],
    'its place looks as if it were below': [
      (issue) => setIssueColumns(db(), issue.id, { location: `${site.settings.WORKFLOW_PATH}-old/${issue.humanName}` }),
      /is not below WORKFLOW_PATH/,
    ],
    'something is at work on it': [
      (issue) => rows(own, `insert into pipelines (name, description, object_type, object_id, created_by, status, queue, next_sequence) values ('Other', 'x', 'issue', $1, 'ann', 'failed', 'io', 10)`, [issue.id]), // prettier-ignore
      /its pipeline \d+ \(Other\) is failed/,
    ],
  };

  test.each(Object.entries(troubles))('%s', { timeout: 60_000 }, async (what, [cause, reason]) => {
    await startBatchRunner(site);
    const { batch, issues } = await archivedBatch(site, 2, 30);
    const [bad, good] = issues;
    if (!bad || !good) throw new Error('no issues');
    await cause(bad, batch);
    const area = readTree(site.settings.WORKFLOW_PATH);
    const skips = what === 'nothing is recorded of the batch' ? issues : [bad];
    const events = await run(true);
    expect(events.filter(({ event }) => event === 'issue skipped')).toMatchObject(
      skips.map(({ key }) => ({ key, reason: expect.stringMatching(reason) as string })),
    );
    expect(await reread(site, batch)).toMatchObject({ status: 'live_done' });
    if (!skips.includes(good)) await untilGone(good);
    expect(await isLocated(bad)).toBe(true);
    for (const path of Object.keys(area).filter((path) => path.startsWith(bad.humanName)))
      expect(existsSync(join(site.settings.WORKFLOW_PATH, path))).toBe(true);
    expect(told(await run(false)), 'it is looked at again').toEqual(skips.map(({ key }) => `issue skipped ${key}`));
  });
});

test('what has changed between the decision and the deletion is not deleted', { timeout: 60_000 }, async () => {
  const runner = await startBatchRunner(site);
  const { issues } = await archivedBatch(site, 1, 30);
  await runner.stop(5);
  const [issue] = issues;
  if (!issue) throw new Error('no issue');
  await run(true);
  await writeFile(join(issue.location ?? '', 'notes.txt'), 'by a person');
  await startBatchRunner(site);
  await until('it is refused', async () => (await standing(own, issue)).status === 'failed');
  expect((await standing(own, issue)).error?.message).toMatch(
    /are not deleted: notes.txt .* look into it, then requeue/,
  );
  expect(readdirSync(issue.location ?? '')).toContain('0001.pdf');
  await rm(join(issue.location ?? '', 'notes.txt'));
  await rows(own, `select requeue_pipeline($1, 'ann', 'looked')`, [(await standing(own, issue)).id]);
  await untilGone(issue);
});

test('a deletion that was killed half-way is gone on with', { timeout: 60_000 }, async () => {
  const runner = await startBatchRunner(site);
  const { issues } = await archivedBatch(site, 1, 30);
  await runner.stop(5);
  const [issue] = issues;
  if (!issue) throw new Error('no issue');
  await run(true);
  await rm(join(issue.location ?? '', '0001.pdf'));
  // what a person laid there before it was gone on with stays
  const rescan = join(issue.location ?? '', 'rescan.tif');
  await writeFile(rescan, 'the only one');
  await startBatchRunner(site);
  await until('it is refused', async () => (await standing(own, issue)).status === 'failed');
  expect((await standing(own, issue)).error?.message).toContain('rescan.tif');
  await rm(rescan);
  await rows(own, `select requeue_pipeline($1, 'ann', 'looked')`, [(await standing(own, issue)).id]);
  await untilGone(issue);
  expect(readdirSync(site.settings.WORKFLOW_PATH)).toEqual([]);
});

test('a batch that is being patched is left alone', { timeout: 60_000 }, async () => {
  const runner = await startBatchRunner(site);
  const { batch, issues } = await archivedBatch(site, 2, 30);
  await runner.stop(5);
  await patch(db(), batch.id, [parseIssueKey(issues[0]?.key ?? '')], site.settings, { actor: 'ann', reason: 'bad' });
  expect(await changingNothing(own, site.root, () => run(true))).toMatchObject([
    { event: 'batch skipped', reason: expect.stringMatching(/its next version .*_ver02 is being built/) as string },
  ]);
});

test('when the disk of the workflow is away, nothing is taken for deleted', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  const { issues } = await archivedBatch(site, 1, 30);
  await rename(site.settings.WORKFLOW_PATH, join(site.root, 'unmounted'));
  expect(await run(true)).toMatchObject([
    { event: 'batch done' },
    { event: 'issue skipped', reason: expect.stringContaining('is its disk mounted?') as string },
  ]);
  await mkdir(site.settings.WORKFLOW_PATH);
  expect(await isLocated(issues[0] as Issue)).toBe(true);
});
