/** Batches from their making to the dark archive, and the ways back (newspapers spec 4, 8.1), over two fake agents. */
import { existsSync, statSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { decide } from '../../../src/engine/operator.js';
import { listHeld } from '../../../src/engine/pen/list.js';
import { Refused } from '../../../src/engine/refused.js';
import { readFileSets } from '../../../src/files/fixity/file-records.js';
import { closeThreads } from '../../../src/files/threads.js';
import { askAgain } from '../../../src/newspapers/batches/ask-again.js';
import { batchPlaces } from '../../../src/newspapers/batches/batch-places.js';
import { markBatchLive } from '../../../src/newspapers/jobs/mark-batch-live.js';
import {
  BatchMovedOn,
  batchObject,
  listBatchIssues,
  setBatchColumns,
} from '../../../src/newspapers/batches/batches.js';
import { listBatchEvents } from '../../../src/newspapers/batches/batch-events.js';
import { resumeBatch } from '../../../src/newspapers/batches/resume-batch.js';
import { listFlagged } from '../../../src/newspapers/batches/flagged-issues.js';
import { findIssueById, issueObject, type Issue } from '../../../src/newspapers/issues.js';
import { listIssueEvents } from '../../../src/newspapers/issue-events.js';
import { makeDelayedDue, rows, until, useDatabase } from '../../engine/support.js';
import { filesBelow } from '../intake-stage.js';
import { givenSite as givenShown } from '../oni/stage.js';
import {
  batchAtQc,
  decided,
  givenIssueWithFiles,
  givenCleanSite,
  queueOne,
  registry,
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
const issueRow = async (issue: Issue) => {
  const [row] = await rows<{ workflow_step: string; ignored: boolean; batch_id: number | null }>(
    own,
    'select workflow_step, ignored, batch_id::int from newspapers.issues where id = $1',
    [issue.id],
  );
  return row;
};
const eventsOf = async (batchId: number) =>
  (await listBatchEvents(db(), batchId)).map(({ kind }) => kind).filter((kind) => !/^(held|decided|woken|agent_|failed_attempt)/.test(kind)); // prettier-ignore
const loaded = ({ world }: Site['staging']) => [...world.oni.batches.keys()];
const jobTypes = async (name: string) =>
  (await rows<{ type: string }>(own, `select j.type from jobs j join pipelines p on p.id = j.pipeline_id where p.name = $1 order by p.id, j.sequence`, [name])).map(({ type }) => type); // prettier-ignore

describe('each job run twice in a row', () => {
  test('takes a batch to staging, production, and the archive as one run does', { timeout: 120_000 }, async () => {
    const seen = new Set<string>();
    await startBatchRunner(site, seen);
    const { batch, issues } = await batchAtQc(site, 2);
    const places = batchPlaces(batch.fullName, site.settings);
    expect(await reread(site, batch)).toMatchObject({ status: 'qc_ready', location: places.output });
    expect(loaded(site.staging)).toEqual([batch.fullName]);
    expect(loaded(site.production)).toEqual([]);
    const full = await filesBelow(places.output);
    expect(full).toContain(`data/sn12345678/print/1856051001/0001.tif`);
    // Hard links: the batch costs no second copy.
    const linked = join(places.output, 'data/sn12345678/print/1856051001/0001.pdf');
    expect(statSync(linked).ino).toBe(statSync(join(issues[0]?.location ?? '', '0001.pdf')).ino);
    expect((await filesBelow(places.live)).filter((path) => /\.(tif|tar)$/.test(path))).toEqual([]); // 11.4.13

    await decided(site, batch, 'batch_qc', 'approve');
    await untilBatchAsks(site, batch, 'confirm_archived');
    const live = await reread(site, batch);
    expect(live).toMatchObject({ status: 'live', location: null });
    expect(live.wentLiveAt).toBeInstanceOf(Date);
    expect(loaded(site.production)).toEqual([batch.fullName]);
    expect(loaded(site.staging)).toEqual([batch.fullName]);
    expect(await filesBelow(places.archive)).toEqual(full);
    expect(await readdir(site.settings.BATCH_OUTPUT_PATH)).toEqual([]);
    for (const issue of issues)
      expect(await issueRow(issue)).toEqual({ workflow_step: 'InProduction', ignored: true, batch_id: batch.id });
    const sets = await readFileSets(db(), batchObject(batch.id));
    expect(new Set(sets.map(({ directory }) => directory))).toEqual(new Set([places.archive, places.live]));

    await decided(site, batch, 'confirm_archived', 'archived', {}, 'lou');
    const archived = await untilBatchIs(site, batch, 'live_archived');
    expect(archived.archivedAt).toBeInstanceOf(Date);
    expect(await eventsOf(batch.id)).toEqual(['batch_created', 'batch_built', 'not_compared', 'batch_qc_ready', 'batch_approved', 'not_compared', 'batch_live', 'batch_archived']); // prettier-ignore
    for (const type of ['check_batch_space', 'set_batch_location', 'mark_batch_live', 'confirm_archived', 'batch_qc'])
      expect(seen).toContain(type);
  });

  test(
    'builds a rejected batch again without its flagged issues, under the same name',
    { timeout: 120_000 },
    async () => {
      const seen = new Set<string>();
      await startBatchRunner(site, seen);
      const { batch, issues } = await batchAtQc(site, 3);
      const [bad, ...good] = issues;
      if (!bad) throw new Error('no issues');
      await rejectAndFlag(site, batch, [bad]);
      expect(await reread(site, batch)).toMatchObject({ status: 'qc_flagging' });
      expect(await listFlagged(db(), batch.id)).toMatchObject([
        { key: bad.key, reason: 'page 1 is upside down', flaggedBy: 'ann' },
      ]);
      await decided(site, batch, 'batch_flagging', 'finalize');
      await untilBatchAsks(site, batch, 'batch_qc');
      const rebuilt = await reread(site, batch);
      expect(rebuilt).toMatchObject({ status: 'qc_ready', fullName: batch.fullName, version: 1 });
      const { output, live } = batchPlaces(batch.fullName, site.settings);
      for (const place of [output, live]) {
        const files = (await filesBelow(place)).filter((path) => path.endsWith('.pdf'));
        expect(files).toEqual(good.map(({ edition }) => `data/sn12345678/print/185605100${edition}/0001.pdf`));
      }
      expect(site.staging.world.oni.batches.get(batch.fullName)?.issues).toHaveLength(2);
      expect(site.staging.asked.map(([command]) => command)).toContain('purge-batch');
      expect(await listFlagged(db(), batch.id)).toEqual([]);

      // The flagged issue is the issue managers' now, without its METS, with the reviewer's reason.
      expect(await issueRow(bad)).toEqual({ workflow_step: 'UnfixableMetadataError', ignored: false, batch_id: null });
      expect(existsSync(join(bad.location ?? '', '1856051001.xml'))).toBe(false);
      expect((await readFileSets(db(), issueObject(bad.id))).map(({ role }) => role)).toEqual(['page']);
      expect(await listIssueEvents(db(), bad.id)).toContainEqual(
        expect.objectContaining({ kind: 'removed_from_batch', actor: 'ann', detail: { batch: batch.fullName, reason: 'page 1 is upside down' } }), // prettier-ignore
      );
      await until('its managers are asked', async () => {
        const asked = await rows<{ hold_action: string; hold_message: string }>(own, `select hold_action, hold_message from pipelines where object_type = 'issue' and object_id = $1 and status = 'held'`, [bad.id]); // prettier-ignore
        return (
          asked[0]?.hold_action === 'unfixable_metadata' && asked[0].hold_message.includes('page 1 is upside down')
        );
      });
      expect(seen).toContain('remove_flagged_issues');
      expect(seen).toContain('forget_batch_files');
    },
  );

  test('takes a batch apart that is undone: its other issues are ready again', { timeout: 120_000 }, async () => {
    const seen = new Set<string>();
    await startBatchRunner(site, seen);
    const { batch, issues } = await batchAtQc(site, 2);
    const [bad, good] = issues;
    if (!bad || !good) throw new Error('no issues');
    await rejectAndFlag(site, batch, [bad]);
    await decided(site, batch, 'batch_flagging', 'undo');
    expect(await untilBatchIs(site, batch, 'deleted')).toMatchObject({ location: null });
    expect(await issueRow(bad)).toMatchObject({ workflow_step: 'UnfixableMetadataError', batch_id: null });
    expect(await issueRow(good)).toEqual({ workflow_step: 'ReadyForBatching', ignored: false, batch_id: null });
    expect(existsSync(join(good.location ?? '', '1856051002.xml'))).toBe(true);
    for (const area of [site.settings.BATCH_OUTPUT_PATH, site.settings.BATCH_PRODUCTION_PATH])
      expect(await readdir(area)).toEqual([]);
    expect(loaded(site.staging)).toEqual([]);
    expect(await readFileSets(db(), batchObject(batch.id))).toEqual([]);
    expect(seen).toContain('delete_batch');
    const again = await queueOne(site);
    expect(again.fullName).not.toBe(batch.fullName);
    expect(await listBatchIssues(db(), again.id)).toMatchObject([{ id: good.id }]);
  });
});

test(
  'W5: a batch of which 60 issues are flagged is finalized, with as many jobs as for one',
  { timeout: 180_000 },
  async () => {
    await startBatchRunner(site);
    const { batch, issues } = await batchAtQc(site, 61);
    await rejectAndFlag(site, batch, issues.slice(0, 60));
    await decided(site, batch, 'batch_flagging', 'finalize');
    await untilBatchAsks(site, batch, 'batch_qc');
    expect(await listBatchIssues(db(), batch.id)).toMatchObject([{ id: issues[60]?.id }]);
    const [count] = await rows<{ count: number }>(
      own,
      `select count(*)::int from newspapers.issues i join pipelines p on p.object_type = 'issue' and p.object_id = i.id
     where i.workflow_step = 'UnfixableMetadataError' and i.batch_id is null and p.name = 'MendUnfixable'`,
    );
    expect(count).toEqual({ count: 60 });
    expect((await jobTypes('FinalizeIssueFlagging')).length).toBeLessThan(25);
  },
);

test('when every issue is flagged, finalize deletes the batch', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  const { batch, issues } = await batchAtQc(site, 2);
  await rejectAndFlag(site, batch, issues);
  await decided(site, batch, 'batch_flagging', 'finalize');
  await untilBatchIs(site, batch, 'deleted');
  for (const issue of issues) expect(await issueRow(issue)).toMatchObject({ workflow_step: 'UnfixableMetadataError' });
  expect(await jobTypes('FinalizeIssueFlagging')).toEqual([]);
});

describe('the flagging question', () => {
  test('takes flags back, takes a second reason, and after an abort none is left', { timeout: 60_000 }, async () => {
    await startBatchRunner(site);
    const { batch, issues } = await batchAtQc(site, 2);
    const [one, two] = issues;
    if (!one || !two) throw new Error('no issues');
    await rejectAndFlag(site, batch, [one, two]);
    await decided(site, batch, 'batch_flagging', 'unflag', {
      issue: `https://staging.edu/lccn/${one.lccn}/${one.date}/ed-1/`,
    });
    await decided(site, batch, 'batch_flagging', 'flag', { issue: two.key, reason: 'torn' });
    await decided(site, batch, 'batch_flagging', 'unflag', { issue: one.key }); // no error if absent
    await until('carried out', async () => !(await standing(site, batch)).is_answered);
    expect(await listFlagged(db(), batch.id)).toMatchObject([{ key: two.key, reason: 'torn' }]);
    await decided(site, batch, 'batch_flagging', 'abort');
    await untilBatchAsks(site, batch, 'batch_qc');
    expect(await reread(site, batch)).toMatchObject({ status: 'qc_ready' });
    expect(await listFlagged(db(), batch.id)).toEqual([]);
    expect((await eventsOf(batch.id)).slice(-2)).toEqual(['issues_unflagged', 'rejection_aborted']);
  });

  test('says what an answer cannot do, and changes nothing', { timeout: 60_000 }, async () => {
    await startBatchRunner(site);
    const { batch, issues } = await batchAtQc(site, 1);
    const stranger = await givenIssueWithFiles(site, { lccn: 'sn87654321' });
    await rejectAndFlag(site, batch, []);
    const say = async (verb: string, params: Record<string, string> = {}) => {
      const { hold_rev: before } = await standing(site, batch);
      await decided(site, batch, 'batch_flagging', verb, params);
      return (await untilBatchAsks(site, batch, 'batch_flagging', before)).hold_message;
    };
    expect(await say('finalize')).toBe('not yet: no issue is flagged: flag the bad ones first, or abort');
    expect(await say('flag', { issue: stranger.key, reason: 'x' })).toContain(
      `not yet: issue ${stranger.key} is not in this batch`,
    );
    expect(await say('flag', { issue: 'sn00000000/1856051001', reason: 'x' })).toContain(
      'there is no issue sn00000000/1856051001',
    );
    await say('flag', { issue: issues[0]?.key ?? '', reason: 'x' });
    expect(await say('undo')).toBe('not yet: every issue is flagged: finalize deletes the batch');
    await expect(decided(site, batch, 'batch_flagging', 'flag', { issue: 'sn1/2', reason: 'x' })).rejects.toThrow(
      'too short',
    );
    await expect(decided(site, batch, 'batch_flagging', 'flag', { issue: stranger.key })).rejects.toThrow(Refused);
    expect(await reread(site, batch)).toMatchObject({ status: 'qc_flagging' });
  });
});

describe('W6: one decides', () => {
  test('of many approvals at once exactly one is taken, and one go-live runs', { timeout: 60_000 }, async () => {
    const runner = await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    await runner.stop(5);
    const asked = await standing(site, batch);
    const answer = { holdRev: asked.hold_rev, verb: 'approve', params: {}, via: 'cli' as const };
    const results = await Promise.allSettled(
      ['ann', 'bob', 'cyd', 'dan'].map((actor) => decide(db(), registry, asked.id, { ...answer, actor })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(Refused);
    await startBatchRunner(site);
    await untilBatchAsks(site, batch, 'confirm_archived');
    expect(await rows(own, `select from pipelines where name = 'GoLiveProcess'`)).toHaveLength(1);
    expect(site.production.asked.filter(([command]) => command === 'load-batch')).toHaveLength(1);
  });

  test('a batch that has a pipeline gets no second one', { timeout: 60_000 }, async () => {
    await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    await expect(askAgain(db(), batch, site.settings, { actor: 'ann' })).rejects.toThrow(
      'already has an open pipeline',
    );
  });
});

describe('W38: nothing is moved before production shows the batch', () => {
  test(
    'a load that fails leaves the full batch where it was, and the batch not live',
    { timeout: 60_000 },
    async () => {
      await startBatchRunner(site);
      const { batch } = await batchAtQc(site, 1);
      const { output, archive } = batchPlaces(batch.fullName, site.settings);
      site.production.world.failures.push('no space left on device');
      await decided(site, batch, 'batch_qc', 'approve');
      await until('the load failed', async () => (await rows(own, `select from events where kind = 'failed_attempt' and object_type = 'batch'`)).length > 0 || (await standing(site, batch)).status === 'failed' || (await standing(site, batch)).status === 'delayed'); // prettier-ignore
      expect(existsSync(output)).toBe(true);
      expect(existsSync(archive)).toBe(false);
      expect(await reread(site, batch)).toMatchObject({ status: 'pending', location: output });
      await untilBatchAsks(site, batch, 'confirm_archived');
      expect(existsSync(archive)).toBe(true);
    },
  );

  test('the order: check, load, wait, compare, move, live', { timeout: 60_000 }, async () => {
    await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    await decided(site, batch, 'batch_qc', 'approve');
    await untilBatchAsks(site, batch, 'confirm_archived');
    expect(await jobTypes('GoLiveProcess')).toEqual([
      ...['check_batch_files', 'oni_load_batch', 'oni_wait_for_job', 'compare_with_site'],
      ...['sync_recursive', 'verify_recursive', 'delete_directory', 'rename_directory'],
      ...['mark_batch_live', 'confirm_archived'],
    ]);
  });

  test('a damaged batch does not reach the archive', { timeout: 60_000 }, async () => {
    await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    const { output, archive } = batchPlaces(batch.fullName, site.settings);
    await writeFile(join(output, 'data/sn12345678/print/1856051001/0001.tif'), 'bit rot');
    await decided(site, batch, 'batch_qc', 'approve');
    await until('it fails', async () => (await standing(site, batch)).status === 'failed');
    expect((await standing(site, batch)).error?.message).toContain('0001.tif');
    expect(existsSync(archive)).toBe(false);
    expect(await reread(site, batch)).toMatchObject({ status: 'pending', wentLiveAt: null });
  });

  test('W29: one that production does not show whole is neither moved nor live', { timeout: 60_000 }, async () => {
    const shown = await givenShown(site.production.world.oni);
    site.settings.NEWS_WEBROOT = shown.url;
    site.production.world.loses = (whole) => ({ ...whole, issues: whole.issues.slice(1) });
    await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 2);
    const { output, archive } = batchPlaces(batch.fullName, site.settings);
    await decided(site, batch, 'batch_qc', 'approve');
    await untilBatchFails(site, batch);
    expect((await standing(site, batch)).error?.message).toContain('1 issue missing');
    expect([existsSync(output), existsSync(archive)]).toEqual([true, false]);
    expect(await reread(site, batch)).toMatchObject({ status: 'pending', wentLiveAt: null });
  });

  test('the staging purge after it is live is not lost with a cancel', { timeout: 60_000 }, async () => {
    site.settings.PURGE_STAGING_AFTER_GO_LIVE = true;
    await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    await site.staging.stop();
    await decided(site, batch, 'batch_qc', 'approve');
    await until('the purge is tried', async () => (await reread(site, batch)).status === 'live' && (await standing(site, batch)).status === 'delayed'); // prettier-ignore
    await rows(own, `select cancel_pipeline($1, 'ann', 'it is away')`, [(await standing(site, batch)).id]);
    await site.staging.start();
    await askAgain(db(), batch, site.settings, { actor: 'ann' });
    await untilBatchAsks(site, batch, 'confirm_archived');
    expect(loaded(site.staging)).toEqual([]);
  });

  test('PURGE_STAGING_AFTER_GO_LIVE takes it off staging once it is live', { timeout: 60_000 }, async () => {
    site.settings.PURGE_STAGING_AFTER_GO_LIVE = true;
    await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    await decided(site, batch, 'batch_qc', 'approve');
    await untilBatchAsks(site, batch, 'confirm_archived');
    expect(loaded(site.staging)).toEqual([]);
    expect(loaded(site.production)).toEqual([batch.fullName]);
  });
});

test('W41: a column that somebody changes beside a pipeline stays as it was changed', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  const { batch, issues } = await batchAtQc(site, 1);
  const issue = await findIssueById(db(), issues[0]?.id ?? 0);
  await rows(own, `update newspapers.issues set edition_label = 'Evening' where id = $1`, [issue?.id]);
  await rows(own, `update newspapers.batches set replaces = id where id = $1`, [batch.id]);
  await decided(site, batch, 'batch_qc', 'approve');
  await untilBatchAsks(site, batch, 'confirm_archived');
  expect(await rows(own, 'select edition_label, workflow_step from newspapers.issues')).toEqual([
    { edition_label: 'Evening', workflow_step: 'InProduction' },
  ]);
  expect(await rows(own, 'select replaces::int, status from newspapers.batches')).toEqual([
    { replaces: batch.id, status: 'live' },
  ]);
  await setBatchColumns(db(), batch.id, { location: '/x' });
  expect(await reread(site, batch)).toMatchObject({ status: 'live', location: '/x' });
});

describe('between reading a batch and writing it down', () => {
  const marked = async () => {
    await givenIssueWithFiles(site);
    const batch = await queueOne(site);
    const context = { args: { batchId: batch.id, archive: '/archive' }, db: db(), pipelineId: null };
    const run = async () => {
      const outcome = await markBatchLive.definition.run(context as never); // all that it looks at
      if (outcome?.kind !== 'done' || !outcome.commit) throw new Error('it commits nothing');
      return outcome.commit;
    };
    return { batch, run };
  };

  test('W41: a column that somebody changes stays as it was changed', async () => {
    const { run } = await marked();
    const commit = await run();
    await rows(own, `update newspapers.issues set edition_label = 'Evening', volume = '7'`);
    await rows(own, `update newspapers.batches set replaces = id, location = '/elsewhere'`);
    await db().transaction().execute(commit);
    expect(await rows(own, 'select edition_label, volume, workflow_step from newspapers.issues')).toEqual([
      { edition_label: 'Evening', volume: '7', workflow_step: 'InProduction' },
    ]);
    expect(await rows(own, 'select replaces = id as kept, status from newspapers.batches')).toEqual([
      { kept: true, status: 'live' },
    ]);
  });

  test('W6: of two that read it alike the second is refused, and changes nothing', async () => {
    const { batch, run } = await marked();
    const [one, two] = [await run(), await run()];
    await db().transaction().execute(one);
    await rows(own, `update newspapers.batches set status = 'live_archived'`);
    await expect(db().transaction().execute(two)).rejects.toThrow(BatchMovedOn);
    expect(await reread(site, batch)).toMatchObject({ status: 'live_archived' });
  });
});

describe('W1: the database refuses what is no batch', () => {
  test.each([
    [`update newspapers.batches set status = 'done'`, 'batches_status_check'],
    [`update newspapers.batches set full_name = 'batch_x'`, 'batches_full_name_check'],
    [`update newspapers.issues set batch_id = 4711`, 'issues_batch_id_fkey'],
    [
      `insert into newspapers.flagged_issues (batch_id, issue_id, reason, flagged_by) select 4711, id, 'x', 'ann' from newspapers.issues`,
      'flagged_issues_batch_id_fkey',
    ],
    [`delete from newspapers.batches`, 'issues_batch_id_fkey'],
  ])('%s', async (statement, constraint) => {
    await givenIssueWithFiles(site);
    await queueOne(site);
    await expect(rows(own, statement)).rejects.toThrow(constraint);
  });
});

test('W40: without room nothing is begun, and it is tried again', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  const issue = await givenIssueWithFiles(site);
  await rows(own, `update files set size = $1 where path = '0001.pdf'`, [2 ** 50]);
  const batch = await queueOne(site);
  await until('it was tried', async () => (await standing(site, batch)).status === 'delayed');
  const message = (await standing(site, batch)).error?.message ?? '';
  expect(message).toMatch(/outgoing has \d+ MB free, 1125899907 MB are needed/);
  expect(await readdir(site.settings.BATCH_OUTPUT_PATH)).toEqual([]);
  expect(await issueRow(issue)).toMatchObject({ batch_id: batch.id });
});

test('a batch whose question was cancelled is asked about again', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  const { batch } = await batchAtQc(site, 1);
  const { id } = await standing(site, batch);
  await rows(own, `select cancel_pipeline($1, 'ann', 'a mistake')`, [id]);
  await expect(decided(site, batch, 'batch_qc', 'approve')).rejects.toThrow('bin/batches ask');
  await askAgain(db(), await reread(site, batch), site.settings, { actor: 'ann' });
  await untilBatchAsks(site, batch, 'batch_qc');
  await decided(site, batch, 'batch_qc', 'approve');
  await untilBatchAsks(site, batch, 'confirm_archived');
});

test(
  'a batch whose go-live was cancelled half-way goes on with it when somebody says so, not with its making',
  { timeout: 60_000 },
  async () => {
    const runner = await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    await site.production.stop(); // it cannot load
    await decided(site, batch, 'batch_qc', 'approve');
    await until('go-live was tried', async () => (await standing(site, batch)).name === 'GoLiveProcess');
    await runner.stop(5);
    await rows(own, `select cancel_pipeline($1, 'ann', 'the site is away')`, [(await standing(site, batch)).id]);
    await site.production.start();
    await startBatchRunner(site);
    await resumeBatch(db(), await reread(site, batch), site.settings, { actor: 'ann' });
    await untilBatchAsks(site, batch, 'confirm_archived');
    expect(await reread(site, batch)).toMatchObject({ status: 'live' });
    expect(await rows(own, `select from pipelines where name = 'MakeBatch'`)).toHaveLength(1);
  },
);

test(
  'a batch whose making was cancelled half-way is made anew when somebody says so',
  { timeout: 60_000 },
  async () => {
    const runner = await startBatchRunner(site);
    await site.staging.stop(); // it is built, and cannot be loaded
    await givenIssueWithFiles(site, { lccn: 'sn12345678' });
    const batch = await queueOne(site);
    const { live } = batchPlaces(batch.fullName, site.settings);
    await until('it is built', () => Promise.resolve(existsSync(live)));
    await until('the load was tried', async () => (await standing(site, batch)).error !== null);
    await runner.stop(5);
    await rows(own, `select cancel_pipeline($1, 'ann', 'the site is away')`, [(await standing(site, batch)).id]);
    await site.staging.start();
    await startBatchRunner(site);
    await resumeBatch(db(), await reread(site, batch), site.settings, { actor: 'ann' });
    await untilBatchAsks(site, batch, 'batch_qc');
    expect(await reread(site, batch)).toMatchObject({ status: 'qc_ready' });
    expect(loaded(site.staging)).toEqual([batch.fullName]);
  },
);

test(
  'jobs that were done and recorded do nothing when an operator has them run again (W9)',
  { timeout: 60_000 },
  async () => {
    await startBatchRunner(site);
    const { batch, issues } = await batchAtQc(site, 2);
    const again = async (type: string) => {
      const { id, hold_rev: rev } = await standing(site, batch);
      const before = await snapshot();
      const [job] = await rows<{ sequence: number }>(own, `select sequence from jobs where pipeline_id = $1 and type = $2 order by sequence limit 1`, [id, type]); // prettier-ignore
      await rows(own, `select goto_job($1, $2, 'ann', 'again')`, [id, job?.sequence]);
      await until('it asks again', async () => {
        await makeDelayedDue(own);
        const now = await standing(site, batch);
        if (now.status === 'failed') throw new Error(`${now.name} failed: ${now.error?.message ?? ''}`);
        return now.status === 'held' && now.hold_rev > rev;
      });
      expect(await snapshot()).toEqual(before);
    };
    const snapshot = () =>
      rows(
        own,
        `select i.id, i.workflow_step, i.ignored, i.batch_id, b.status, b.location, b.went_live_at,
         (select count(*) from pipelines) as pipelines,
         (select count(*) from events e where e.kind in ('removed_from_batch', 'batch_live', 'went_live')) as told
       from newspapers.issues i left join newspapers.batches b on b.id = i.batch_id order by i.id`,
      );
    await again('set_batch_location');
    await rejectAndFlag(site, batch, issues.slice(0, 1));
    await decided(site, batch, 'batch_flagging', 'finalize');
    await untilBatchAsks(site, batch, 'batch_qc');
    await again('oni_purge_batch'); // the whole pipeline: nothing is flagged any more
    await decided(site, batch, 'batch_qc', 'approve');
    await untilBatchAsks(site, batch, 'confirm_archived');
    await again('mark_batch_live');
  },
);

test('the holding pen finds a batch by its organisation and title', { timeout: 60_000 }, async () => {
  await startBatchRunner(site);
  await batchAtQc(site, 1);
  const filters = [
    { org: 'mwa' },
    { title: 'sn12345678' },
    { title: 'journal' },
    { type: 'batch' },
    { action: 'batch_qc' },
  ];
  for (const filter of filters)
    expect((await listHeld(db(), registry, { ...filter, limit: 5 })).held).toMatchObject([
      { object_type: 'batch', org: 'mwa', title_key: 'sn12345678', hold_role: 'batch reviewer' },
    ]);
  expect((await listHeld(db(), registry, { org: 'oru', limit: 5 })).total).toBe(0);
});
