/** Correcting a live batch (newspapers spec 7.9, 7.10; W29, W36), over two fake agents and a fake site. */
import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { validateBag } from '../../../src/files/bagit/validate-bag.js';
import { closeThreads } from '../../../src/files/threads.js';
import { askAgain } from '../../../src/newspapers/batches/ask-again.js';
import { resumeBatch } from '../../../src/newspapers/batches/resume-batch.js';
import { listBatches } from '../../../src/newspapers/batches/batch-list.js';
import { batchPlaces } from '../../../src/newspapers/batches/batch-places.js';
import { listBatchEvents } from '../../../src/newspapers/batches/batch-events.js';
import { findBatch, listBatchIssues, type Batch } from '../../../src/newspapers/batches/batches.js';
import { patch, planPatch } from '../../../src/newspapers/batches/patch.js';
import { parseIssueKey } from '../../../src/newspapers/issue-key.js';
import { listIssueEvents } from '../../../src/newspapers/issue-events.js';
import { findIssueById, setIssueColumns, type Issue } from '../../../src/newspapers/issues.js';
import { makeDelayedDue, rows, until, useDatabase } from '../../engine/support.js';
import { readTree } from '../../files/trees.js';
import { decided, givenCleanSite, reread, standing, startBatchRunner, untilBatchAsks, untilBatchFails, untilBatchIs, type Site } from '../batches/batch-road.js'; // prettier-ignore
import { filesBelow } from '../intake-stage.js';
import { archivedBatch, givenPublicSite, liveBatch } from './live-road.js';
import { changingNothing } from './unchanged.js';

const own = useDatabase();
const db = () => own.database.kysely;
let site: Site;
afterAll(() => closeThreads());
beforeEach(async () => {
  site = await givenCleanSite(own);
});

const ACT = { actor: 'ann', reason: 'its date is wrong' };
const patched = (batch: Batch, ...issues: Issue[]) =>
  patch(db(), batch.id, issues.map(({ key }) => parseIssueKey(key)), site.settings, ACT); // prettier-ignore
const next = async (name: string): Promise<Batch> => {
  const batch = await findBatch(db(), name);
  if (!batch) throw new Error(`there is no ${name}`);
  return batch;
};
const loaded = ({ world }: Site['production']) => [...world.oni.batches.keys()];
const orders = (agent: Site['production']) =>
  agent.asked
    .filter(([command]) => command === 'load-batch' || command === 'purge-batch')
    .map((words) => words.join(' '));
const issue = (one: Issue) => findIssueById(db(), one.id);
const question = async ({ id }: Issue) =>
  (await rows<{ hold_action: string; hold_message: string }>(own, `select hold_action, hold_message from pipelines where object_type = 'issue' and object_id = $1 and status = 'held'`, [id]))[0]; // prettier-ignore

describe('W36: a live batch is corrected', () => {
  test(
    'by its next version, loaded and compared when the site has let go of the former one; each job twice in a row',
    { timeout: 120_000 },
    async () => {
      const seen = new Set<string>();
      const shown = await givenPublicSite(site);
      await startBatchRunner(site, seen);
      const { batch, issues } = await liveBatch(site, 3);
      const [bad, ...good] = issues;
      if (!bad) throw new Error('no issues');
      const before = batchPlaces(batch.fullName, site.settings);
      const oldArchive = readTree(before.archive);
      const keys = [parseIssueKey(bad.key)];
      const plan = await changingNothing(own, site.root, () => planPatch(db(), batch, keys, site.settings));
      const newName = batch.fullName.replace('_ver01', '_ver02');
      expect(plan).toMatchObject({
        ...{ newName, kept: good.map(({ key }) => key), from: before.archive, files: 12 },
        removed: [{ key: bad.key, becomes: 'the issue managers are asked about it' }],
      });
      expect(plan.liveBytes).toBeLessThan(plan.bytes);

      await patched(batch, bad);
      const version = await next(newName);
      await untilBatchAsks(site, version, 'confirm_archived');
      expect(await next(newName)).toMatchObject({ status: 'live', version: 2, name: batch.name, location: null });
      expect((await next(newName)).wentLiveAt).toBeInstanceOf(Date);
      expect(await reread(site, batch)).toMatchObject({ status: 'deleted', location: null });
      expect(await rows(own, 'select replaces::int from newspapers.batches where id = $1', [version.id])).toEqual([{ replaces: batch.id }]); // prettier-ignore

      expect(shown.requests).toContain(`/batches/${newName}.json`);
      // In this order, else the words of the pages that are kept would go with the former version.
      expect(orders(site.production).filter((order) => !order.includes(`load-batch ${batch.fullName}`))).toEqual([`purge-batch ${batch.fullName}`, `load-batch ${newName}`]); // prettier-ignore
      expect(loaded(site.production)).toEqual([newName]);
      expect([...site.production.world.oni.words]).toEqual(good.map(({ edition }) => `sn12345678/1856-05-10/ed-${edition}/seq-1`)); // prettier-ignore
      expect(loaded(site.staging)).toEqual([]);
      expect(site.production.world.oni.batches.get(newName)?.issues).toHaveLength(2);

      const after = batchPlaces(newName, site.settings);
      expect(readTree(before.archive)).toEqual(oldArchive);
      expect(existsSync(before.live)).toBe(false);
      for (const place of [after.archive, after.live]) {
        const signal = new AbortController().signal;
        expect(await validateBag(place, { signal, readPayload: true })).toMatchObject({ problems: [] });
        expect((await filesBelow(place)).filter((path) => path.endsWith('.pdf'))).toEqual(good.map(({ edition }) => `data/sn12345678/print/185605100${edition}/0001.pdf`)); // prettier-ignore
        expect(readTree(place)['data/batch.xml']).toContain(`name="${newName}"`);
      }
      expect(readTree(after.archive)['data/sn12345678/print/1856051002/0001.tif']).toBe(
        `TIFF of ${good[0]?.key ?? ''}`,
      );
      expect(Object.keys(readTree(after.live)).filter((path) => /\.(tif|tar)$/.test(path))).toEqual([]);

      expect((await listBatchIssues(db(), version.id)).map(({ id }) => id)).toEqual(good.map(({ id }) => id));
      for (const one of good) expect(await issue(one)).toMatchObject({ workflowStep: 'InProduction', ignored: true });
      expect(await issue(bad)).toMatchObject({ workflowStep: 'UnfixableMetadataError', ignored: false });
      await until('its managers are asked', async () => (await question(bad))?.hold_action === 'unfixable_metadata');
      expect((await question(bad))?.hold_message).toContain('its date is wrong');
      expect(await rows(own, 'select from newspapers.flagged_issues')).toEqual([]);
      for (const type of ['create_patched_structure', 'mark_batch_patched']) expect(seen).toContain(type);

      const told = (await listBatchEvents(db(), batch.id)).map(({ kind }) => kind);
      expect(told).toEqual(expect.arrayContaining(['patch_decided', 'issues_flagged', 'batch_replaced']));
      expect((await listBatchEvents(db(), version.id)).map(({ kind }) => kind)).toEqual(expect.arrayContaining(['batch_patch_created', 'batch_live'])); // prettier-ignore
      expect((await listIssueEvents(db(), good[0]?.id ?? 0)).map(({ kind }) => kind)).toContain('moved_to_version');

      // And once more: the third version, and its archive confirmed.
      await patched(await next(newName), good[0] as Issue);
      const third = await next(batch.fullName.replace('_ver01', '_ver03'));
      await untilBatchAsks(site, third, 'confirm_archived');
      await decided(site, third, 'confirm_archived', 'archived', {}, 'lou');
      await untilBatchIs(site, third, 'live_archived');
      expect(loaded(site.production)).toEqual([third.fullName]);
    },
  );

  test(
    'also in the dark archive; an issue whose workflow files are gone, or whose place is taken, stays out',
    { timeout: 120_000 },
    async () => {
      await startBatchRunner(site);
      const { batch, issues } = await archivedBatch(site, 3, 40);
      const [gone, taken] = issues;
      if (!gone || !taken) throw new Error('no issues');
      await rm(gone.location ?? '', { recursive: true });
      await setIssueColumns(db(), gone.id, { location: null });
      await rows(
        own,
        `insert into newspapers.issues (title_id, org_id, kind, date, edition, human_name, location, duplicate_reason)
       select title_id, org_id, kind, date, edition, 'sn12345678-1856051002-999', '/x', 'replaces a bad one' from newspapers.issues where id = $1`,
        [taken.id],
      );
      const { newName, removed } = await patched(batch, gone, taken);
      expect(removed.map(({ becomes }) => becomes)).toEqual([
        'it is out of the workflow: its workflow files are gone',
        expect.stringMatching(/^it is out of the workflow: issue \d+ of the same key is in the workflow$/) as string,
      ]);
      await untilBatchAsks(site, await next(newName), 'confirm_archived');
      for (const one of [gone, taken]) {
        expect(await issue(one)).toMatchObject({ workflowStep: 'UnfixableMetadataError', ignored: true });
        expect(await question(one)).toBeUndefined();
        expect(await listIssueEvents(db(), one.id)).toContainEqual(
          expect.objectContaining({ kind: 'removed_from_batch', actor: 'ann', detail: expect.objectContaining({ reason: ACT.reason }) as object }), // prettier-ignore
        );
      }
    },
  );

  test('is refused for what cannot be patched, and changes nothing', { timeout: 120_000 }, async () => {
    const runner = await startBatchRunner(site);
    const { batch, issues } = await liveBatch(site, 2);
    const [one, two] = issues;
    if (!one || !two) throw new Error('no issues');
    const { archive } = batchPlaces(batch.fullName, site.settings);
    await changingNothing(own, site.root, async () => {
      await expect(patched(batch, one, two)).rejects.toThrow(`that would leave no issue in ${batch.fullName} (bin/batches unpush`); // prettier-ignore
      await expect(patched(batch, { ...one, key: 'sn12345678/1856051099' })).rejects.toThrow('there is no issue sn12345678/1856051099'); // prettier-ignore
    });
    await rename(archive, `${archive} away`);
    await expect(patched(batch, one)).rejects.toThrow(/the files of .* are not in .* \(bring them back first\)/);
    await rename(`${archive} away`, archive);
    await rows(own, `update newspapers.batches set status = 'qc_ready'`);
    await expect(patched(batch, one)).rejects.toThrow('reject it and flag its bad issues');
    await rows(own, `update newspapers.batches set status = 'live'`);

    await runner.stop(5); // the second finds the next version as the first left it, however late it comes
    const results = await Promise.allSettled([patched(batch, one), patched(batch, two)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({ message: expect.stringMatching(/is being replaced by .*_ver02, which is pending/) as string }); // prettier-ignore
    await startBatchRunner(site);
    await untilBatchAsks(site, await next(batch.fullName.replace('_ver01', '_ver02')), 'confirm_archived');
  });
});

describe('what goes wrong leaves the former version where the site can load it', () => {
  test(
    'of an issue nobody can say while the workflow disk is away whether it can come back: it is waited for',
    { timeout: 60_000 },
    async () => {
      await startBatchRunner(site);
      const { batch, issues } = await liveBatch(site, 2);
      const [bad] = issues;
      if (!bad) throw new Error('no issue');
      const area = site.settings.WORKFLOW_PATH;
      await rename(area, `${area}-unmounted`);
      await expect(planPatch(db(), batch, [parseIssueKey(bad.key)], site.settings)).rejects.toThrow(
        'is its disk mounted?',
      );
      await rename(`${area}-unmounted`, area);
      site.production.world.queue.hold(); // the disk goes away while production is at work
      await patched(batch, bad);
      const version = await next(batch.fullName.replace('_ver01', '_ver02'));
      await until('production was asked', () => Promise.resolve(orders(site.production).length === 2));
      await rename(area, `${area}-unmounted`);
      site.production.world.queue.release();
      await until(
        'it waits for the disk',
        async () => {
          await makeDelayedDue(own);
          return (await standing(site, version)).error?.message.includes('is its disk mounted?') === true;
        },
        40,
      );
      expect((await issue(bad))?.ignored).toBe(true); // still in production
      await rename(`${area}-unmounted`, area);
      await makeDelayedDue(own);
      await untilBatchAsks(site, version, 'confirm_archived');
      expect(await issue(bad)).toMatchObject({ ignored: false, workflowStep: 'UnfixableMetadataError' });
    },
  );

  test('that failed is carried on by resume, as asking says', { timeout: 60_000 }, async () => {
    await startBatchRunner(site);
    const { batch, issues } = await liveBatch(site, 2);
    const [bad, good] = issues;
    if (!bad || !good) throw new Error('no issues');
    const file = join(
      batchPlaces(batch.fullName, site.settings).archive,
      'data',
      good.lccn,
      'print',
      good.key.slice(-10),
      '0001.tif',
    );
    await rename(file, `${file}-away`);
    await writeFile(file, 'bit rot');
    await patched(batch, bad);
    const version = await next(batch.fullName.replace('_ver01', '_ver02'));
    await until('it fails', async () => (await standing(site, version)).status === 'failed');
    await expect(askAgain(db(), version, site.settings, { actor: 'ann' })).rejects.toThrow('it asks nothing');
    await rename(`${file}-away`, file);
    const { id } = await standing(site, version);
    expect(await resumeBatch(db(), version, site.settings, { actor: 'root' })).toMatchObject({ pipelineId: id });
    await untilBatchAsks(site, version, 'confirm_archived');
  });

  test('a file of it that rotted in the archive', { timeout: 60_000 }, async () => {
    await startBatchRunner(site);
    const { batch, issues } = await liveBatch(site, 2);
    const { archive } = batchPlaces(batch.fullName, site.settings);
    await writeFile(join(archive, 'data/sn12345678/print/1856051002/0001.tif'), 'bit rot');
    const { newName } = await patched(batch, issues[0] as Issue);
    const version = await next(newName);
    await until('it fails', async () => (await standing(site, version)).status === 'failed');
    expect((await standing(site, version)).error?.message).toContain('0001.tif');
    expect(loaded(site.production)).toEqual([batch.fullName]);
    expect(await reread(site, batch)).toMatchObject({ status: 'live' });
    // Mended, it goes on.
    await writeFile(join(archive, 'data/sn12345678/print/1856051002/0001.tif'), `TIFF of ${issues[1]?.key ?? ''}`);
    await rows(own, `select requeue_pipeline($1, 'ann', 'mended')`, [(await standing(site, version)).id]);
    await untilBatchAsks(site, version, 'confirm_archived');
  });

  test('W29: a site that does not show all of the next version', { timeout: 60_000 }, async () => {
    await givenPublicSite(site);
    await startBatchRunner(site);
    const { batch, issues } = await liveBatch(site, 3);
    site.production.world.loses = (read) => ({ ...read, issues: read.issues.slice(1) });
    const { newName } = await patched(batch, issues[0] as Issue);
    const version = await next(newName);
    await untilBatchFails(site, version);
    expect((await standing(site, version)).error?.message).toContain('1 issue missing');
    expect(loaded(site.production)).toEqual([newName]);
    expect(existsSync(batchPlaces(batch.fullName, site.settings).live)).toBe(true);
    expect(await reread(site, batch)).toMatchObject({ status: 'live' });
  });

  test(
    'W29: a former version that was brought back meanwhile is not taken for gone; what the error says puts it right',
    { timeout: 60_000 },
    async () => {
      await givenPublicSite(site);
      await startBatchRunner(site);
      const { batch, issues } = await liveBatch(site, 3);
      const { oni } = site.production.world;
      const former = oni.batches.get(batch.fullName);
      if (!former) throw new Error('it is not loaded');
      const whole = site.production.world.loses;
      site.production.world.loses = (read) => ({ ...read, issues: read.issues.slice(1) });
      const { newName } = await patched(batch, issues[0] as Issue);
      const version = await next(newName);
      await untilBatchFails(site, version, '1 issue missing');
      site.production.world.loses = whole;
      oni.load(former); // so that readers have it meanwhile
      oni.load({ ...former, name: newName, issues: former.issues.slice(1) }); // mended by hand
      const { id } = await standing(site, version);
      await rows(own, `select requeue_pipeline($1, 'ann', 'mended')`, [id]);
      await untilBatchFails(site, version, `it shows ${batch.fullName}, which this one replaces, as well`);
      expect(existsSync(batchPlaces(batch.fullName, site.settings).live)).toBe(true);
      expect(await reread(site, batch)).toMatchObject({ status: 'live' });

      const { error } = await standing(site, version);
      for (const name of [newName, batch.fullName]) expect(error?.message).toContain(`purge-batch ${name}"`);
      const goto = /run-jobs goto (\d+) (\d+) /.exec(error?.message ?? '');
      for (const name of [newName, batch.fullName]) oni.purge(name);
      await rows(own, `select goto_job($1, $2, 'ann', 'as the error says')`, [goto?.[1], goto?.[2]]);
      await untilBatchAsks(site, version, 'confirm_archived');
      expect(loaded(site.production)).toEqual([newName]);
      expect(oni.words.size).toBe(2); // of the two pages that are kept
      expect(await reread(site, batch)).toMatchObject({ status: 'deleted' });
    },
  );

  test(
    'loaded again because the site refused the next, it is purged again with the next load',
    { timeout: 60_000 },
    async () => {
      await startBatchRunner(site);
      const { batch, issues } = await liveBatch(site, 2);
      const { oni, failures } = site.production.world;
      const former = oni.batches.get(batch.fullName);
      if (!former) throw new Error('it is not loaded');
      failures.push('no room');
      const { newName } = await patched(batch, issues[0] as Issue);
      const version = await next(newName);
      // its error, not why it was put off: that the site is at work on it
      await until('the site refuses it', async () => (await standing(site, version)).error?.message.includes('no room') === true); // prettier-ignore
      expect(loaded(site.production)).toEqual([]);
      oni.load(former);
      await rows(own, `select requeue_pipeline($1, 'ann', 'there is room')`, [(await standing(site, version)).id]);
      await untilBatchAsks(site, version, 'confirm_archived');
      expect(loaded(site.production)).toEqual([newName]);
      expect(oni.words.size).toBe(1); // of the one page that is kept
    },
  );

  test(
    'a cancelled one is gone on with by "batches resume", and asked nothing about',
    { timeout: 60_000 },
    async () => {
      const runner = await startBatchRunner(site);
      const { batch, issues } = await liveBatch(site, 2);
      await runner.stop(5);
      const { newName, pipelineId } = await patched(batch, issues[0] as Issue);
      await rows(own, `select cancel_pipeline($1, 'ann', 'a mistake')`, [pipelineId]);
      const { batches } = await listBatches(db(), { limit: 9 });
      expect(batches.map(({ fullName, group }) => [fullName, group])).toEqual([
        [newName, 'needs a person'],
        [batch.fullName, 'live'],
      ]);
      await expect(askAgain(db(), batch, site.settings, { actor: 'ann' })).rejects.toThrow('is being replaced by');
      await site.production.stop();
      await startBatchRunner(site);
      const version = await next(newName);
      await expect(askAgain(db(), version, site.settings, { actor: 'ann' })).rejects.toThrow('batches resume');
      await resumeBatch(db(), version, site.settings, { actor: 'ann' });
      await until('the agent is away', async () => (await standing(site, version)).status === 'delayed');
      await rows(own, `select cancel_pipeline($1, 'ann', 'again')`, [(await standing(site, version)).id]);
      expect(existsSync(batchPlaces(newName, site.settings).archive)).toBe(true);
      await site.production.start();
      await resumeBatch(db(), version, site.settings, { actor: 'ann' });
      await untilBatchAsks(site, version, 'confirm_archived');
      expect(loaded(site.production)).toEqual([newName]);
    },
  );
});
