/** What was stopped, or failed for good, on a batch's way: nothing is carried on by asking, and every stand has a way on. */
import { existsSync } from 'node:fs';
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { wipOf } from '../../../src/files/move.js';
import { closeThreads } from '../../../src/files/threads.js';
import { askAgain, askWhenMakingFailed } from '../../../src/newspapers/batches/ask-again.js';
import { batchPlaces } from '../../../src/newspapers/batches/batch-places.js';
import { listBatchIssues, type Batch } from '../../../src/newspapers/batches/batches.js';
import { listFlagged } from '../../../src/newspapers/batches/flagged-issues.js';
import { resumeBatch } from '../../../src/newspapers/batches/resume-batch.js';
import { jobRows, makeDelayedDue, rows, startRunner, until, useDatabase } from '../../engine/support.js';
import { allJobs } from '../intake-stage.js';
import {
  batchAtQc,
  decided,
  givenIssueWithFiles,
  givenCleanSite,
  queueOne,
  rejectAndFlag,
  reread,
  standing,
  startBatchRunner,
  untilBatchAsks,
  untilBatchFails,
  untilBatchIs,
  type Site,
} from './batch-road.js';

const own = useDatabase();
let site: Site;
afterAll(() => closeThreads());
beforeEach(async () => {
  site = await givenCleanSite(own);
});

const db = () => own.database.kysely;
const loaded = ({ world }: Site['staging']) => [...world.oni.batches.keys()];
const loadsAsked = ({ asked }: Site['staging']) => asked.filter(([command]) => command === 'load-batch').length;
const ask = async (batch: Batch) => askAgain(db(), await reread(site, batch), site.settings, { actor: 'ann' });
const resume = async (batch: Batch) => resumeBatch(db(), await reread(site, batch), site.settings, { actor: 'ann' });
const cancel = async (batch: Batch) =>
  rows(own, `select cancel_pipeline($1, 'ann', 'no')`, [(await standing(site, batch)).id]);
const untilFailed = (batch: Batch) => untilBatchFails(site, batch);

/** Approves a batch and stops when the archive has a verified copy, before anything is deleted. */
async function approvedUntilCopied(batch: Batch): Promise<void> {
  const jobs = allJobs(new Set()).filter(({ definition }) => definition.type !== 'delete_directory');
  const runner = await startRunner(own, { more: jobs, settings: site.settings });
  await decided(site, batch, 'batch_qc', 'approve');
  await until(
    'the copy is verified',
    async () => {
      await makeDelayedDue(own);
      const { id } = await standing(site, batch);
      return (await jobRows(own, id)).find(({ status }) => status === 'waiting')?.type === 'delete_directory';
    },
    40,
  );
  await runner.stop(5);
}

describe('asking carries on nothing that somebody stopped', () => {
  test('a go-live cancelled before production was asked is back at quality control', { timeout: 60_000 }, async () => {
    const runner = await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 2);
    await runner.stop(5);
    await decided(site, batch, 'batch_qc', 'approve');
    await site.production.stop();
    const second = await startBatchRunner(site);
    await until('it goes live', async () => (await standing(site, batch)).name === 'GoLiveProcess');
    await until('the load was tried', async () => (await standing(site, batch)).error !== null);
    await second.stop(5);
    await cancel(batch);
    await site.production.start();
    await startBatchRunner(site);
    await expect(decided(site, batch, 'batch_qc', 'reject', { reason: 'no' })).rejects.toThrow('bin/batches ask');
    await ask(batch);
    await untilBatchAsks(site, batch, 'batch_qc');
    expect(await reread(site, batch)).toMatchObject({ status: 'qc_ready', wentLiveAt: null });
    expect(loadsAsked(site.production)).toBe(0);
    await decided(site, batch, 'batch_qc', 'reject', { reason: 'no' });
    await untilBatchAsks(site, batch, 'batch_flagging');
  });

  test('one cancelled after production was asked is taken off production first', { timeout: 60_000 }, async () => {
    const runner = await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    const { output, archive } = batchPlaces(batch.fullName, site.settings);
    site.production.world.queue.hold();
    await decided(site, batch, 'batch_qc', 'approve');
    await until('production was asked', () => Promise.resolve(loadsAsked(site.production) === 1));
    await until('it waits', async () => (await standing(site, batch)).status === 'delayed');
    await runner.stop(5);
    await cancel(batch);
    site.production.world.queue.release();
    await startBatchRunner(site);
    await ask(batch);
    await untilBatchAsks(site, batch, 'batch_qc');
    expect(loaded(site.production)).toEqual([]);
    expect([existsSync(output), existsSync(archive)]).toEqual([true, false]);
    await decided(site, batch, 'batch_qc', 'approve');
    await untilBatchAsks(site, batch, 'confirm_archived');
    expect(loaded(site.production)).toEqual([batch.fullName]);
  });

  test('a cancelled undo asks for the flags again, and keeps the batch', { timeout: 60_000 }, async () => {
    const runner = await startBatchRunner(site);
    const { batch, issues } = await batchAtQc(site, 2);
    await rejectAndFlag(site, batch, issues.slice(0, 1));
    await site.staging.stop();
    await decided(site, batch, 'batch_flagging', 'undo');
    await until('it is undone', async () => (await standing(site, batch)).name === 'BatchDeletion');
    await until('it was tried', async () => (await standing(site, batch)).error !== null);
    await runner.stop(5);
    await cancel(batch);
    await site.staging.start();
    await startBatchRunner(site);
    await ask(batch);
    await untilBatchAsks(site, batch, 'batch_flagging');
    expect(await reread(site, batch)).toMatchObject({ status: 'qc_flagging' });
    expect(await listFlagged(db(), batch.id)).toHaveLength(1);
    expect(existsSync(batchPlaces(batch.fullName, site.settings).output)).toBe(true);
    expect(loaded(site.staging)).toEqual([batch.fullName]);
    await decided(site, batch, 'batch_flagging', 'abort'); // it is on staging still
    await untilBatchAsks(site, batch, 'batch_qc');
  });

  test('a cancelled making asks what shall become of it; finalize builds it', { timeout: 60_000 }, async () => {
    await givenIssueWithFiles(site);
    const batch = await queueOne(site);
    await cancel(batch);
    await startBatchRunner(site);
    await ask(batch);
    const { hold_rev: rev, hold_message: message } = await untilBatchAsks(site, batch, 'batch_flagging');
    expect(message).toContain('is not whole on staging');
    expect(loadsAsked(site.staging)).toBe(0);
    await decided(site, batch, 'batch_flagging', 'abort');
    const again = await untilBatchAsks(site, batch, 'batch_flagging', rev);
    expect(again.hold_message).toContain('not yet: nobody can look at it');
    await decided(site, batch, 'batch_flagging', 'finalize');
    await untilBatchAsks(site, batch, 'batch_qc');
    expect(loaded(site.staging)).toEqual([batch.fullName]);
  });

  test('what was stopped in the middle of nothing is not resumed', { timeout: 60_000 }, async () => {
    await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    await expect(resume(batch)).rejects.toThrow('it was not stopped in the middle of anything (bin/batches ask');
    await cancel(batch);
    await expect(resume(batch)).rejects.toThrow('bin/batches ask');
    expect(await reread(site, batch)).toMatchObject({ status: 'qc_ready' });
  });
});

describe('a go-live that was stopped while it deleted what the archive had', () => {
  test(
    'does not come back to quality control, also when a later one failed before: the archive has the only whole copy',
    { timeout: 60_000 },
    async () => {
      const first = await startBatchRunner(site);
      const { batch } = await batchAtQc(site, 2);
      await first.stop(5);
      const { output, archive, live } = batchPlaces(batch.fullName, site.settings);
      await approvedUntilCopied(batch);
      // the deletion began, then its daemon was killed: that leaves nothing but the attempt
      const { id } = await standing(site, batch);
      await rows(own, `update jobs set attempt = 1 where pipeline_id = $1 and type = 'delete_directory'`, [id]);
      const [issue] = await listBatchIssues(db(), batch.id);
      const page = join('data', issue?.lccn ?? '', 'print', issue?.key.slice(-10) ?? '', '0001');
      await rm(join(output, `${page}.tif`));
      await cancel(batch);
      await expect(ask(batch)).rejects.toThrow('past quality control');

      const picture = await readFile(join(live, `${page}.jp2`));
      await writeFile(join(live, `${page}.jp2`), 'bit rot');
      await startBatchRunner(site);
      await resume(batch);
      await untilFailed(batch);
      await expect(ask(batch)).rejects.toThrow('past quality control');
      expect(existsSync(join(wipOf(archive), `${page}.tif`))).toBe(true);
      const { error } = await standing(site, batch);
      expect(error?.message).toContain(`The same files are in ${wipOf(archive)}: `);
      expect(await readFile(join(wipOf(archive), `${page}.jp2`))).toEqual(picture);
      await copyFile(join(wipOf(archive), `${page}.jp2`), join(live, `${page}.jp2`));
      await resume(batch);
      await untilBatchAsks(site, batch, 'confirm_archived');
      expect(existsSync(join(archive, `${page}.tif`))).toBe(true);
    },
  );
});

describe('what rots after quality control is found before production is asked', () => {
  test('also when a go-live before it had copied the batch to the archive', { timeout: 60_000 }, async () => {
    const { batch } = await (async () => {
      const runner = await startBatchRunner(site);
      const made = await batchAtQc(site, 1);
      await runner.stop(5);
      return made;
    })();
    await approvedUntilCopied(batch);
    await cancel(batch);
    await startBatchRunner(site);
    await ask(batch);
    await untilBatchAsks(site, batch, 'batch_qc');
    expect(await readdir(site.settings.BATCH_ARCHIVE_PATH)).toEqual([]);
    const [issue] = await listBatchIssues(db(), batch.id);
    const full = join(
      batchPlaces(batch.fullName, site.settings).output,
      'data',
      issue?.lccn ?? '',
      'print',
      issue?.key.slice(-10) ?? '',
      '0001.tif',
    );
    await rm(full);
    await writeFile(full, 'bit rot');
    const loads = loadsAsked(site.production);
    await decided(site, batch, 'batch_qc', 'approve');
    await until('it fails', async () => (await standing(site, batch)).status === 'failed');
    expect((await standing(site, batch)).error?.message).toContain('0001.tif');
    expect(loadsAsked(site.production)).toBe(loads);
  });

  test.each(['full batch', 'live copy'] as const)('in the %s', { timeout: 60_000 }, async (where) => {
    await startBatchRunner(site);
    const { batch, issues } = await batchAtQc(site, 2);
    const { output, live } = batchPlaces(batch.fullName, site.settings);
    const file = where === 'full batch' ? join(output, 'data/sn12345678/print/1856051001/0001.tif') : join(live, 'data/sn12345678/print/1856051001/0001.jp2'); // prettier-ignore
    await writeFile(file, 'bit rot');
    await decided(site, batch, 'batch_qc', 'approve');
    await untilFailed(batch);
    const { message = '' } = (await standing(site, batch)).error ?? {};
    expect(message).toContain(file.split('/').at(-1));
    expect(message).toContain(`bin/batches ask ${batch.fullName}`);
    expect(loadsAsked(site.production)).toBe(0);
    await ask(batch);
    await untilBatchAsks(site, batch, 'batch_qc');
    await rejectAndFlag(site, batch, issues.slice(0, 1));
    await decided(site, batch, 'batch_flagging', 'finalize');
    await untilBatchAsks(site, batch, 'batch_qc');
    await decided(site, batch, 'batch_qc', 'approve');
    await untilBatchAsks(site, batch, 'confirm_archived');
    expect(site.production.world.oni.batches.get(batch.fullName)?.issues).toHaveLength(1);
  });
});

describe('a batch whose making fails for one damaged issue', () => {
  const givenFailed = async () => {
    const [bad, good] = [
      await givenIssueWithFiles(site, { lccn: 'sn12345678' }),
      await givenIssueWithFiles(site, { lccn: 'sn12345678', edition: 2 }),
    ];
    await rm(join(bad.location ?? '', '0001.tif'));
    await startBatchRunner(site);
    const batch = await queueOne(site);
    await untilFailed(batch);
    return { batch, bad, good };
  };
  const reopen = (batch: Batch) =>
    askWhenMakingFailed(db(), batch, site.settings, { actor: 'ann', permitted: () => Promise.resolve() });

  test('is built without it once that is flagged', { timeout: 60_000 }, async () => {
    const { batch, bad, good } = await givenFailed();
    const { message = '' } = (await standing(site, batch)).error ?? {};
    expect(message).toContain('0001.tif');
    expect(message).toContain(`bin/batches flag ${batch.fullName} ${bad.key} --reason`);
    expect(message).toContain(`bin/batches finalize ${batch.fullName}`);
    await reopen(batch);
    await decided(site, batch, 'batch_flagging', 'flag', { issue: bad.key, reason: 'its TIFF is lost' });
    await decided(site, batch, 'batch_flagging', 'finalize');
    await untilBatchAsks(site, batch, 'batch_qc');
    expect(await listBatchIssues(db(), batch.id)).toMatchObject([{ id: good.id }]);
  });

  test('is undone: its issues are free', { timeout: 60_000 }, async () => {
    const { batch } = await givenFailed();
    await reopen(batch);
    await decided(site, batch, 'batch_flagging', 'undo');
    await untilBatchIs(site, batch, 'deleted');
    expect(await rows(own, 'select distinct workflow_step, batch_id from newspapers.issues')).toEqual([
      { workflow_step: 'ReadyForBatching', batch_id: null },
    ]);
  });

  test('is not asked about before those who may have said so', { timeout: 60_000 }, async () => {
    const { batch } = await givenFailed();
    const refuse = () => Promise.reject(new Error('may not'));
    const asked = askWhenMakingFailed(db(), batch, site.settings, { actor: 'eve', permitted: refuse });
    await expect(asked).rejects.toThrow('may not');
    expect(await standing(site, batch)).toMatchObject({ name: 'MakeBatch', status: 'failed' });
  });
});

describe('flagged issues do not go live when a pipeline was moved past their removal', () => {
  test('the question is the flagging one, and approve is refused', { timeout: 60_000 }, async () => {
    const runner = await startBatchRunner(site);
    const { batch, issues } = await batchAtQc(site, 2);
    await rejectAndFlag(site, batch, issues.slice(0, 1));
    await site.staging.stop();
    await decided(site, batch, 'batch_flagging', 'finalize');
    await until('it is finalized', async () => (await standing(site, batch)).name === 'FinalizeIssueFlagging');
    await until('the purge was tried', async () => (await standing(site, batch)).error !== null);
    await runner.stop(5);
    const { id } = await standing(site, batch);
    await rows(own, `select goto_job($1, (select max(sequence) from jobs where pipeline_id = $1), 'ann', 'away')`, [
      id,
    ]);
    await site.staging.start();
    await startBatchRunner(site);
    await untilBatchAsks(site, batch, 'batch_flagging');
    expect(await reread(site, batch)).toMatchObject({ status: 'qc_flagging' });
    expect(await listFlagged(db(), batch.id)).toHaveLength(1);
  });

  test('an approval beside flags is refused with the question', { timeout: 60_000 }, async () => {
    await startBatchRunner(site);
    const { batch, issues } = await batchAtQc(site, 2);
    await rows(own, `insert into newspapers.flagged_issues (batch_id, issue_id, reason, flagged_by) values ($1, $2, 'x', 'ann')`, [batch.id, issues[0]?.id]); // prettier-ignore
    const { hold_rev: rev } = await standing(site, batch);
    await decided(site, batch, 'batch_qc', 'approve');
    const again = await untilBatchAsks(site, batch, 'batch_qc', rev);
    expect(again.hold_message).toContain('not yet: 1 issue flagged');
    expect(loadsAsked(site.production)).toBe(0);
  });
});
