/** A live batch back from production (newspapers spec 7.9, W37), over two fake agents. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { readFileSets } from '../../../src/files/fixity/file-records.js';
import { closeThreads } from '../../../src/files/threads.js';
import { askAgain } from '../../../src/newspapers/batches/ask-again.js';
import { resumeBatch } from '../../../src/newspapers/batches/resume-batch.js';
import { batchPlaces } from '../../../src/newspapers/batches/batch-places.js';
import { listBatchEvents } from '../../../src/newspapers/batches/batch-events.js';
import { batchObject, listBatchIssues, type Batch } from '../../../src/newspapers/batches/batches.js';
import { queueBatches } from '../../../src/newspapers/batches/queue-batches.js';
import { planUnpush, unpush } from '../../../src/newspapers/batches/unpush.js';
import { findIssueById, setIssueColumns } from '../../../src/newspapers/issues.js';
import { rows, until, useDatabase } from '../../engine/support.js';
import { readTree } from '../../files/trees.js';
import { decided, givenCleanSite, reread, standing, startBatchRunner, untilBatchAsks, untilBatchIs, type Site } from '../batches/batch-road.js'; // prettier-ignore
import { archivedBatch, liveBatch } from './live-road.js';
import { changingNothing } from './unchanged.js';

const own = useDatabase();
const db = () => own.database.kysely;
let site: Site;
afterAll(() => closeThreads());
beforeEach(async () => {
  site = await givenCleanSite(own);
});
const ACT = { actor: 'ann', reason: 'wrong organisation' };
const loaded = ({ world }: Site['production']) => [...world.oni.batches.keys()];

async function redo(): Promise<Batch> {
  const options = { redo: true, sizes: { min: 1, max: 100 }, dryRun: false, actor: 'bob', now: new Date() };
  for await (const event of queueBatches(db(), site.settings, options)) if (event.event === 'batch') return event.batch;
  throw new Error('nothing is ready');
}

test(
  'W37: a batch is taken back: off the sites first, then its issues are free; another batch brings them',
  { timeout: 120_000 },
  async () => {
    const seen = new Set<string>();
    await startBatchRunner(site, seen);
    const { batch, issues } = await liveBatch(site, 2);
    const { archive, live } = batchPlaces(batch.fullName, site.settings);
    const archived = readTree(archive);
    const plan = await changingNothing(own, site.root, () => planUnpush(db(), batch, site.settings));
    expect(plan).toMatchObject({ issues: issues.map(({ key }) => key), archive, liveCopy: live });

    await unpush(db(), batch.id, site.settings, ACT);
    await untilBatchIs(site, batch, 'deleted');
    expect([...loaded(site.production), ...loaded(site.staging)]).toEqual([]);
    expect(existsSync(live)).toBe(false);
    expect(readTree(archive)).toEqual(archived);
    expect((await readFileSets(db(), batchObject(batch.id))).map(({ directory }) => directory)).toEqual([archive]);
    for (const { id } of issues)
      expect(await findIssueById(db(), id)).toMatchObject({ workflowStep: 'ReadyForRebatching', ignored: false });
    expect(await listBatchIssues(db(), batch.id)).toEqual([]);
    const told = await listBatchEvents(db(), batch.id);
    expect(told).toContainEqual(expect.objectContaining({ kind: 'unpush_decided', actor: 'ann', detail: { reason: ACT.reason, issues: 2 } })); // prettier-ignore
    expect(told.map(({ kind }) => kind)).toContain('batch_unpushed');
    expect(seen).toContain('mark_batch_unpushed');

    const again = await redo();
    expect(again.fullName).not.toBe(batch.fullName);
    await untilBatchAsks(site, again, 'batch_qc');
    await decided(site, again, 'batch_qc', 'approve');
    await untilBatchAsks(site, again, 'confirm_archived');
    expect(loaded(site.production)).toEqual([again.fullName]);
    expect(existsSync(archive)).toBe(true);
  },
);

test('its issues are not free before production has let go of them', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  const { batch, issues } = await liveBatch(site, 1);
  await site.production.stop();
  await unpush(db(), batch.id, site.settings, ACT);
  await until('the agent is away', async () => (await standing(site, batch)).status === 'delayed');
  expect(await findIssueById(db(), issues[0]?.id ?? 0)).toMatchObject({ workflowStep: 'InProduction', ignored: true });
  expect(existsSync(batchPlaces(batch.fullName, site.settings).live)).toBe(true);
  // Cancelled, it is not made into a new batch: it is gone on with.
  await rows(own, `select cancel_pipeline($1, 'ann', 'a mistake')`, [(await standing(site, batch)).id]);
  await site.production.start();
  const cancelled = await reread(site, batch);
  await expect(askAgain(db(), cancelled, site.settings, { actor: 'ann' })).rejects.toThrow('batches resume');
  await resumeBatch(db(), cancelled, site.settings, { actor: 'ann' });
  await untilBatchIs(site, batch, 'deleted');
});

test('it is refused when that would lose something, and nothing is changed', { timeout: 120_000 }, async () => {
  await startBatchRunner(site);
  const { batch, issues } = await liveBatch(site, 2);
  const [one, two] = issues;
  const { archive } = batchPlaces(batch.fullName, site.settings);
  const refused = async (message: RegExp) =>
    changingNothing(own, site.root, () => expect(unpush(db(), batch.id, site.settings, ACT)).rejects.toThrow(message));

  await rename(one?.location ?? '', `${one?.location ?? ''} away`);
  await setIssueColumns(db(), two?.id ?? 0, { location: null });
  await refused(new RegExp(`cannot be made again: ${one?.key ?? ''}: its workflow files are not in .*; ${two?.key ?? ''}: its workflow files are gone \\(bin/batches patch`)); // prettier-ignore
  await rename(`${one?.location ?? ''} away`, one?.location ?? '');
  await setIssueColumns(db(), two?.id ?? 0, { location: two?.location ?? null });

  const page = join(one?.location ?? '', '0001.tif');
  await rename(page, `${page}.away`);
  await refused(/0001\.tif is missing/);
  await rename(`${page}.away`, page);

  await rename(archive, `${archive} away`);
  await refused(/the archived files of .* are not in/);
  await rename(`${archive} away`, archive);

  await decided(site, batch, 'confirm_archived', 'archived', {}, 'lou');
  await untilBatchIs(site, batch, 'live_archived');
  await refused(/is live_archived, not live \(it is in the dark archive already: bin\/batches patch/);
});

test('one that was answered at this moment is not taken back', { timeout: 60_000 }, async () => {
  const runner = await startBatchRunner(site);
  const { batch } = await liveBatch(site, 1);
  await runner.stop(5);
  await decided(site, batch, 'confirm_archived', 'archived', {}, 'lou');
  await expect(unpush(db(), batch.id, site.settings, ACT)).rejects.toThrow('is at work: its pipeline');
});

test('two at once: one takes it back', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  const { batch } = await liveBatch(site, 1);
  const results = await Promise.allSettled([1, 2].map(() => unpush(db(), batch.id, site.settings, ACT)));
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await untilBatchIs(site, batch, 'deleted');
  expect(await rows(own, `select from pipelines where name = 'UnpushBatch'`)).toHaveLength(1);
});

test('a batch whose workflow files were deleted names them all', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  const { batch, issues } = await archivedBatch(site, 1, 1);
  await rows(own, `update newspapers.batches set status = 'live'`);
  await rm(issues[0]?.location ?? '', { recursive: true });
  await expect(planUnpush(db(), await reread(site, batch), site.settings)).rejects.toThrow(issues[0]?.key);
});
