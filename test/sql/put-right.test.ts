/** What administrators put right by psql while daemons run (design 3, 9; newspapers spec 7.9, W2, W10, W37). */
import { setTimeout as work } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { hold } from '../../src/engine/job.js';
import { brokenInvariants } from '../engine/invariants.js';
import { aborted, plan, Stage } from '../engine/stage.js';
import {
  decide,
  enqueuedOne,
  eventKinds,
  jobList,
  jobRows,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
} from '../engine/support.js';
import { did, psql, refused } from './psql.js';

const own = useDatabase();
const boom = () => Promise.reject(new Error('the disk is away'));
const QUOTED = `it's "fine"; drop table jobs; --`;

/** The newest event of a kind. */
async function event(kind: string) {
  const [row] = await rows<{ actor: string; via: string; detail: Record<string, unknown> }>(
    own,
    'select actor, via, detail from events where kind = $1 order by id desc limit 1',
    [kind],
  );
  return row;
}

/** A pipeline that failed for good at its only job, of the given queue's type. */
async function givenFailed(stage: Stage, queue: 'fast' | 'io', name: string): Promise<number> {
  stage.on(name, boom, () => Promise.resolve(undefined));
  const id = await enqueuedOne(own, plan([stage.step(queue, name, { maxAttempts: 1 })]));
  await untilStatus(own, id, 'failed');
  return id;
}

describe('requeue-pipeline.sql', () => {
  test('a failed pipeline goes on beside a daemon that works; who, why and by what is kept; a second call is refused', async () => {
    const stage = new Stage();
    await startRunner(own, { stage });
    const id = await givenFailed(stage, 'fast', 'A');
    const other = await givenFailed(stage, 'fast', 'B');
    expect(await did(own.url, 'requeue-pipeline', { id, reason: QUOTED, actor: 'ann' })).toMatch(/pending/);
    await untilStatus(own, id, 'success');
    expect(await event('requeued')).toEqual({ actor: 'ann', via: 'psql', detail: { reason: QUOTED, was: 'failed' } });
    expect(await refused(own.url, 'requeue-pipeline', { id, reason: 'again' })).toContain(
      `pipeline ${id} cannot be requeued: it is success`,
    );
    expect((await pipelineRow(own, other)).status).toBe('failed');
    expect(await refused(own.url, 'requeue-pipeline', { id: 999, reason: 'x' })).toContain('there is no pipeline 999');
  });

  test('the actor is the database user unless told', async () => {
    const stage = new Stage();
    await startRunner(own, { stage });
    const id = await givenFailed(stage, 'fast', 'A');
    await did(own.url, 'requeue-pipeline', { id, reason: 'x' });
    const [{ who } = { who: '' }] = await rows<{ who: string }>(own, 'select current_user as who');
    expect((await event('requeued'))?.actor).toBe(who);
  });
});

describe('requeue-failed-of-type.sql and requeue-all-failed.sql', () => {
  test('all that failed at a type of job go on, others stay and are named; then all go on', async () => {
    const stage = new Stage();
    await startRunner(own, { stage });
    const fast = [await givenFailed(stage, 'fast', 'A'), await givenFailed(stage, 'fast', 'B')];
    const io = await givenFailed(stage, 'io', 'C');
    const said = await did(own.url, 'requeue-failed-of-type', { type: 'fast_step', reason: 'mended', actor: 'ann' });
    expect(said).toMatch(/Requeued:.*the disk is away.*\(2 rows\).*Still failed:.*io_step \| +1/s);
    for (const id of fast) await untilStatus(own, id, 'success');
    expect((await pipelineRow(own, io)).status).toBe('failed');
    expect(await did(own.url, 'requeue-failed-of-type', { type: 'fast_step', reason: 'again' })).toContain('(0 rows)');
    expect(await did(own.url, 'requeue-all-failed', { reason: 'mended', actor: 'ann' })).toMatch(/io_step.*\(1 row\)/s);
    await untilStatus(own, io, 'success');
    expect(await did(own.url, 'requeue-all-failed', { reason: 'again' })).toContain('(0 rows)');
    expect(await brokenInvariants(own)).toEqual({});
  });
});

test('a pipeline whose job row was deleted is not requeued: alone it is refused, among all it is named and the others go on', async () => {
  const stage = new Stage();
  await startRunner(own, { stage });
  const broken = await givenFailed(stage, 'fast', 'A');
  const whole = await givenFailed(stage, 'io', 'B');
  await rows(own, 'delete from jobs where pipeline_id = $1', [broken]);
  expect(await refused(own.url, 'requeue-pipeline', { id: broken, reason: 'x' })).toMatch(
    /points at a job that does not exist; its row was deleted by hand(.|\n)*cancel the pipeline, or goto another job/,
  );
  const said = await did(own.url, 'requeue-all-failed', { reason: 'mended' });
  expect(said).toMatch(new RegExp(`\\b${broken} .*its job row is gone: cancel it`));
  await untilStatus(own, whole, 'success');
  expect((await pipelineRow(own, broken)).status).toBe('failed');
});

describe('cancel-pipeline.sql', () => {
  test('ends a pipeline whose job runs: the job is told to stop, what it reports is refused; twice is refused', async () => {
    const stage = new Stage();
    const gate = stage.gate('A');
    const id = await enqueuedOne(
      own,
      plan([stage.step('fast', 'A'), stage.step('fast', 'B')], { type: 'issue', id: 7 }),
    );
    await startRunner(own, { stage, hints: true });
    await gate.entered;
    const said = await did(own.url, 'cancel-pipeline', { id, reason: QUOTED, actor: 'ann' });
    expect(said).toContain('bin/issues resume 7');
    await until('its signal aborts', () => stage.runs[0]?.signal.aborted === true && gate.left());
    expect(await pipelineRow(own, id)).toMatchObject({ status: 'cancelled' });
    expect(stage.order()).toEqual(['A']);
    expect(await event('cancelled')).toMatchObject({ actor: 'ann', detail: { reason: QUOTED, was: 'in_process' } });
    expect(await refused(own.url, 'cancel-pipeline', { id, reason: 'x' })).toContain('only an open pipeline');
    expect(await brokenInvariants(own)).toEqual({});
  });
});

describe('release-claim.sql', () => {
  test("takes a question off somebody's desk, so that somebody else can answer it; twice is refused", async () => {
    const stage = new Stage();
    stage.on(
      'ask',
      () => Promise.resolve(hold({ kind: 'person', action: 'review', message: 'look' })),
      () => Promise.resolve(undefined),
    );
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    const { hold_rev } = await untilStatus(own, id, 'held');
    await claim(id, 'ben');
    expect((await decide(own, id, hold_rev, 'ok', 'ada')).code).toBe('PM409');
    expect(await did(own.url, 'release-claim', { id, reason: QUOTED, actor: 'ann' })).toMatch(/ben.*released.*review/s);
    expect(await event('release_reason')).toMatchObject({ actor: 'ann', detail: { reason: QUOTED } });
    expect(await event('released')).toMatchObject({ actor: 'ann', via: 'psql', detail: { from: 'ben' } });
    expect(await refused(own.url, 'release-claim', { id, reason: 'x' })).toContain('is claimed by nobody');
    expect((await decide(own, id, hold_rev, 'ok', 'ada')).code).toBeUndefined();
    await untilStatus(own, id, 'success');
  });
});

describe('W2: what is stuck in process is set back to pending', () => {
  /** A pipeline in the hands of a runner that nobody sees any more; its last beat is so old. */
  async function givenStuck(stage: Stage, { host = 'b', silentSeconds = 3600, name = 'A' } = {}): Promise<number> {
    const id = await enqueuedOne(own, plan([stage.step('fast', name), stage.step('fast', `${name}2`)]));
    await rows(
      own,
      `with r as (insert into runners (host, pid, boot_id, version, queues, heartbeat_at) values ($2, 1, 'x', 'test', '{}', now() - $3 * interval '1 second') returning id)
       update pipelines p set status = 'in_process', runner_id = r.id, epoch = 1, step_started_at = now(), started_at = now() from r where p.id = $1`,
      [id, host, silentSeconds],
    );
    return id;
  }

  test('stuck-pipeline: one whose runner is dead begins again; one that is not in process is refused', async () => {
    const stage = new Stage();
    const id = await givenStuck(stage);
    const said = await did(own.url, 'stuck-pipeline-to-pending', { id, reason: QUOTED, actor: 'ann' });
    expect(said).toMatch(/fast_step \| pending \| b +\| 36\d\d/); // psql takes its time to start
    expect(await event('set_back')).toMatchObject({ actor: 'ann', via: 'psql', detail: { reason: QUOTED, host: 'b' } });
    expect(await refused(own.url, 'stuck-pipeline-to-pending', { id, reason: 'x' })).toContain('it is pending');
    await startRunner(own, { stage });
    await untilStatus(own, id, 'success');
    expect(stage.order()).toEqual(['A', 'A2']);
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('stuck-pipeline: one whose runner lives is refused with the age of its beat; with force its run is fenced off and begins again', async () => {
    const stage = new Stage();
    const gate = stage.gate('A');
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('io', 'B')]));
    await startRunner(own, { stage, hints: true });
    await gate.entered;
    const said = await refused(own.url, 'stuck-pipeline-to-pending', { id, reason: 'x' });
    expect(said).toMatch(
      /pipeline 1 is not stuck: its runner \d+ \(pid \d+ on .+\) is alive, its last beat is \d+ s old/,
    );
    expect(await jobList(own, id)).toBe('A in_process, B waiting');
    await did(own.url, 'stuck-pipeline-to-pending', { id, reason: 'it hangs', force: 'true' });
    await untilStatus(own, id, 'success');
    expect(stage.runs[0]?.signal.aborted).toBe(true);
    expect(stage.order()).toEqual(['A', 'A', 'B']);
    expect((await jobRows(own, id)).map((job) => job.attempt)).toEqual([2, 1]);
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('stuck-of-host: all of a dead host, none of others; a living or unknown host is refused, but for force', async () => {
    const stage = new Stage();
    const dead = [await givenStuck(stage, { name: 'A' }), await givenStuck(stage, { name: 'B' })];
    const elsewhere = await givenStuck(stage, { host: 'c', name: 'C' });
    const young = await givenStuck(stage, { host: 'd', name: 'D', silentSeconds: 5 });
    expect(await refused(own.url, 'stuck-of-host-to-pending', { host: 'z', reason: 'x' })).toMatch(
      /no runner is known of the host z\nHINT: {2}these are known: b, c, d/,
    );
    expect(await did(own.url, 'stuck-of-host-to-pending', { host: 'b', reason: 'power', actor: 'ann' })).toContain(
      '(2 rows)',
    );
    for (const id of dead) expect((await pipelineRow(own, id)).status).toBe('pending');
    expect((await pipelineRow(own, elsewhere)).status).toBe('in_process');
    expect(await did(own.url, 'stuck-of-host-to-pending', { host: 'b', reason: 'again' })).toContain('(0 rows)');
    expect(await refused(own.url, 'stuck-of-host-to-pending', { host: 'd', reason: 'x' })).toMatch(
      /the host d is not gone: its runner \d+ \(pid 1\) is alive, its last beat is \d+ s old/,
    );
    expect((await pipelineRow(own, young)).status).toBe('in_process');
    await did(own.url, 'stuck-of-host-to-pending', { host: 'd', reason: 'its plug is pulled', force: 'true' });
    await startRunner(own, { stage });
    for (const id of [...dead, young]) await untilStatus(own, id, 'success');
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('stuck-of-dead-runners: what dead runners have, however many; a living runner keeps its own', async () => {
    const stage = new Stage();
    const living = await givenStuck(stage, { name: 'L', silentSeconds: 5 });
    const dead = [await givenStuck(stage, { name: 'A' }), await givenStuck(stage, { name: 'B', host: 'c' })];
    expect(await refused(own.url, 'stuck-of-dead-runners-to-pending', { reason: 'x', lease: '1 s' })).toContain(
      'too short',
    );
    const said = await did(own.url, 'stuck-of-dead-runners-to-pending', { reason: 'before the upgrade', actor: 'ann' });
    expect(said).toContain('(2 rows)');
    for (const id of dead) expect(await eventKinds(own, id)).toEqual(['rescued']);
    expect(await event('rescue_asked')).toMatchObject({
      actor: 'ann',
      detail: { reason: 'before the upgrade', pipelines: 2 },
    });
    expect(await jobList(own, living)).toBe('L in_process, L2 waiting');
    expect(await did(own.url, 'stuck-of-dead-runners-to-pending', { reason: 'again' })).toContain('(0 rows)');
    await startRunner(own, { stage });
    for (const id of dead) await untilStatus(own, id, 'success');
    expect(await brokenInvariants(own)).toEqual({});
  });
});

test(
  'rows edited by hand and scripts run at random while a daemon works: all ends, nothing is lost, nothing contradicts itself',
  { timeout: 120_000 },
  async () => {
    const stage = new Stage();
    stage.otherwise(({ signal }) => Promise.race([work(20, undefined), aborted(signal)])); // so that there is something to disturb
    for (let n = 0; n < 24; n++) {
      if (n % 4 === 0) stage.on(`${n}b`, boom, boom, () => Promise.resolve(undefined));
      if (n % 8 === 1)
        stage.on(
          `${n}b`,
          ({ signal }) => aborted(signal),
          () => Promise.resolve(undefined),
        ); // hangs until it is set back
      await enqueuedOne(
        own,
        plan([stage.step('fast', `${n}a`), stage.step('io', `${n}b`, { maxAttempts: 1 }), stage.step('cpu', `${n}c`)], {
          type: 'issue',
          id: n + 1,
        }),
      );
    }
    await startRunner(own, { stage, hints: true });
    const looksHung = () =>
      rows<{ id: number }>(
        own,
        `select id from pipelines where status = 'in_process' order by step_started_at limit 2`,
      );
    let round = 0;
    await until(
      'every pipeline has ended well',
      async () => {
        const hung = await looksHung();
        await Promise.all([
          ...hung.map(({ id }) => psql(own.url, 'stuck-pipeline-to-pending', { id, reason: 'a storm', force: 'true' })),
          psql(own.url, 'requeue-all-failed', { reason: 'a storm' }),
          psql(own.url, 'requeue-failed-of-type', { type: 'io_step', reason: 'a storm' }),
          // in the order of the scripts, else it and one of them might each wait for the other: PostgreSQL would end one
          rows(
            own,
            `update pipelines set status = 'pending' where id in (select id from pipelines where id % 5 = $1 and status = 'failed' order by id for update)`,
            [round++ % 5],
          ),
        ]);
        expect(await brokenInvariants(own)).toEqual({});
        return (await rows(own, `select from pipelines where status <> 'success'`)).length === 0;
      },
      100,
    );
    expect(await rows(own, `select from jobs where status <> 'success'`)).toEqual([]);
    const kinds = await rows<{ kind: string }>(own, 'select distinct kind from events order by kind');
    expect(kinds.map(({ kind }) => kind)).toEqual(['failed', 'requeued', 'set_back']);
    expect(await brokenInvariants(own)).toEqual({});
  },
);

async function claim(id: number, login: string): Promise<void> {
  await rows(own, 'select claim_pipeline($1, $2)', [id, login]);
}
