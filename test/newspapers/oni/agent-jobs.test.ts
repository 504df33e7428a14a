/** What batch pipelines ask of an agent, with real runners, a real SSH server and everything that can go wrong between (newspapers spec 8.5). */
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { closeThreads } from '../../../src/files/threads.js';
import type { Batch } from '../../../src/newspapers/batches/batches.js';
import { loadBatch, purgeBatch } from '../../../src/newspapers/oni/agent-jobs.js';
import { startFakeAgent, type FakeAgent } from '../../../src/newspapers/oni/fake-agent/fake-agent.js';
import type { Settings } from '../../../src/settings.js';
import {
  jobRows,
  makeDelayedDue,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilIdle,
  untilStatus,
  useDatabase,
} from '../../engine/support.js';
import { enqueuedFor, givenAgent, givenBatch, oniJobs, orders, requests, settingsFor } from './stage.js';

const own = useDatabase();
let agent: FakeAgent;
let batch: Batch;
afterAll(() => closeThreads());
beforeEach(async () => {
  await rows(own, 'truncate newspapers.orgs, newspapers.titles, newspapers.agent_host_keys restart identity cascade');
  agent = await givenAgent();
  batch = await givenBatch(own, agent.world.batchSource);
});

const start = (more: Partial<Settings> = {}) => startRunner(own, { more: oniJobs, settings: settingsFor(agent, more) });
const load = () => enqueuedFor(own, batch, loadBatch(batch.id, 'staging'));
const purge = () => enqueuedFor(own, batch, purgeBatch(batch.id, 'staging'));
const isLoaded = () => agent.world.oni.batches.has(batch.fullName);

/** Until a job of the pipeline has failed with that error; what is only put off goes on. */
async function untilFailedWith(id: number, name: string) {
  await until(`pipeline ${id} meets ${name}`, async () => {
    const { error } = await pipelineRow(own, id);
    if (error?.name === name) return true;
    // In one statement: what has failed since that look must not be let go on, it would forget its error.
    await rows(own, `update pipelines set run_at = now() - interval '1 second' where id = $1 and status = 'delayed' and error ->> 'name' is null`, [id]); // prettier-ignore
    return false;
  });
  return pipelineRow(own, id);
}

/** Until the pipeline has been put off for what it waits for, or after a failure. */
const untilDelayed = (id: number) => untilStatus(own, id, 'delayed');

/** Goes on until the pipeline has ended, however often it is put off. */
async function untilEnded(id: number) {
  await until(
    `pipeline ${id} ends`,
    async () => {
      await makeDelayedDue(own);
      return ['success', 'failed'].includes((await pipelineRow(own, id)).status);
    },
    50,
  );
  return pipelineRow(own, id);
}

describe('loading and purging a batch', () => {
  test('the awardee first, then the batch, then the wait', async () => {
    await start();
    const id = await load();
    expect((await untilEnded(id)).status).toBe('success');
    expect(orders(agent)).toEqual(['ensure-awardee', 'load-batch']);
    expect(agent.world.oni.awardees.get('mwa')).toBe('American Antiquarian Society');
    expect(isLoaded()).toBe(true);
    expect(await requests(own)).toEqual([{ action: 'load', status: 'successful', job_id: 1 }]);
    const told = await rows(own, `select detail ->> 'action' as action from events where kind = 'agent_asked'`);
    expect(told).toEqual([{ action: 'load' }]);
    expect((await untilEnded(await purge())).status).toBe('success');
    expect(isLoaded()).toBe(false);
  });

  test('-1, nothing to do, is success', async () => {
    await start();
    const id = await purge();
    expect((await untilEnded(id)).status).toBe('success');
    expect(await requests(own)).toEqual([{ action: 'purge', status: 'successful', job_id: -1 }]);
    expect((await jobRows(own, id)).map(({ result }) => result)).toEqual([{ jobId: -1 }, { jobId: -1 }]);
  });

  test('a job that is pending or started is waited for: soon at first, then once a minute, and a deadline (W11)', async () => {
    agent.world.queue.hold();
    await start();
    const id = await load();
    const row = await untilDelayed(id);
    expect(row.error?.message).toMatch(/^job 1 of the staging agent, load batch_mwa_\w+, is pending$/);
    const seconds = async () => {
      const [row] = await rows<{ seconds: number }>(
        own,
        'select extract(epoch from run_at - now())::float8 as seconds from pipelines where id = $1',
        [id],
      );
      return row?.seconds ?? 0;
    };
    expect(await seconds()).toBeLessThan(15);
    await rows(own, `update newspapers.agent_jobs set asked_at = now() - interval '10 minutes'`);
    await rows(own, `update pipelines set run_at = now() where id = $1`, [id]);
    await until('it was looked at again', async () => (await seconds()) > 50);
    expect(await seconds()).toBeLessThanOrEqual(60);
    agent.world.queue.release();
    await agent.world.queue.idle();
    expect((await untilEnded(id)).status).toBe('success');
    expect(orders(agent)).toEqual(['ensure-awardee', 'load-batch']);
  });

  test('no agent set: failed at once, with the setting', async () => {
    await start({ STAGING_AGENT: undefined });
    expect((await untilStatus(own, await load(), 'failed')).error?.message).toContain('STAGING_AGENT=host:port');
  });

  test('Open ONI would refuse the batch: the load fails, and the pipeline tells its words', async () => {
    agent = await startFakeAgent({ batchSource: agent.world.batchSource });
    onTestFinished(() => agent.stop());
    await start();
    const row = await untilFailedWith(await load(), 'AgentJobFailed');
    expect(row.error?.message).toMatch(/page 1: it has no file for USE service/);
    expect(isLoaded()).toBe(false);
  });
});

describe('a job of the agent that fails', () => {
  test('fails the wait with the last lines of its log, and both are run again', async () => {
    agent.world.failures.push('solr is down\nno space left');
    await start();
    const id = await load();
    const row = await untilFailedWith(id, 'AgentJobFailed');
    expect(row.error?.message).toMatch(/job 1 of the staging agent .* failed \(exit status 1\).*job-logs 1/);
    expect(row.error?.message).toMatch(/loading batch at .*\n.*solr is down\n.*no space left$/);
    expect((await untilEnded(id)).status).toBe('success');
    expect(orders(agent)).toEqual(['ensure-awardee', 'load-batch', 'ensure-awardee', 'load-batch']);
    expect(await requests(own)).toEqual([
      { action: 'load', status: 'failed', job_id: 1 },
      { action: 'load', status: 'successful', job_id: 2 },
    ]);
  });

  test('that could not even start counts the same', async () => {
    agent.world.queue.hold();
    await start();
    const id = await load();
    await untilDelayed(id);
    const [job] = agent.world.queue.jobs;
    if (job) job.status = "couldn't start";
    expect((await untilFailedWith(id, 'AgentJobFailed')).error?.message).toContain('could not start');
  });

  test('for ever ends the pipeline, for a person', async () => {
    for (let i = 0; i < 20; i++) agent.world.failures.push('broken');
    await start();
    expect(await untilEnded(await load())).toMatchObject({ status: 'failed', error: { name: 'AgentJobFailed' } });
    expect(orders(agent).filter((command) => command === 'load-batch')).toHaveLength(8);
  });
});

describe('an agent that is restarted counts its jobs from 1 again', () => {
  test('W28: between load and wait: another job of that number is not taken for ours, it is loaded again', async () => {
    agent.world.queue.hold();
    await start();
    const id = await load();
    await untilDelayed(id);
    await agent.restart();
    agent.world.queue.add('load_batch /batches/batch_mwa_20250101Other_ver01', () => Promise.resolve());
    await agent.world.queue.idle();
    await untilFailedWith(id, 'AgentJobLost');
    expect(isLoaded()).toBe(false);
    expect((await untilEnded(id)).status).toBe('success');
    expect(isLoaded()).toBe(true);
    expect(await requests(own)).toEqual([
      { action: 'load', status: 'lost', job_id: 1 },
      { action: 'load', status: 'successful', job_id: 2 },
    ]);
  });

  test('W28: even a job of the same name and number, queued at another time, is not ours', async () => {
    agent.world.queue.hold();
    await start();
    const id = await load();
    await untilDelayed(id);
    const name = agent.world.queue.jobs[0]?.name ?? '';
    await agent.restart();
    agent.world.queue.add(name, () => Promise.reject(new Error('not ours')));
    await agent.world.queue.idle();
    await untilFailedWith(id, 'AgentJobLost');
    expect((await untilEnded(id)).status).toBe('success');
  });

  test('W28: a job that is not found any more is lost: it is asked for again', async () => {
    agent.world.queue.hold();
    await start();
    const id = await load();
    await untilDelayed(id);
    await agent.restart();
    await untilFailedWith(id, 'AgentJobLost');
    expect((await untilEnded(id)).status).toBe('success');
    expect(isLoaded()).toBe(true);
  });
});

describe('an agent in trouble', () => {
  test.each([
    ['rubbish', 'AgentTalksRubbish'],
    ['closes mid-reply', 'AgentClosed'],
    ['hangs up before an answer', 'AgentClosed'],
  ] as const)('%s: tried again later', async (how, name) => {
    agent.misbehave(how, 'list-jobs');
    await start();
    const id = await load();
    expect((await untilDelayed(id)).error?.name).toBe(name);
    expect((await untilEnded(id)).status).toBe('success');
  });

  test('unreachable: tried again later, until it is back', async () => {
    await agent.stop();
    await start();
    const id = await load();
    expect((await untilDelayed(id)).error?.name).toBe('AgentUnreachable');
    await agent.start();
    expect((await untilEnded(id)).status).toBe('success');
  });

  test('wrong host key: failed at once, for a person; nothing was sent', async () => {
    await start({ STAGING_AGENT_HOST_KEY: `SHA256:${'A'.repeat(43)}` });
    expect((await untilStatus(own, await load(), 'failed')).error?.name).toBe('WrongHostKey');
    expect(agent.asked).toEqual([]);
  });

  test('W10: what is refused thrice is not tried for days: a person is told', async () => {
    batch = await givenBatch(own, join(agent.world.batchSource, 'elsewhere'), []);
    await start();
    const row = await untilEnded(await load());
    expect(row.status).toBe('failed');
    expect(row.error?.message).toMatch(/cannot be loaded.*bin\/run-jobs requeue/);
    expect(orders(agent).filter((command) => command === 'load-batch')).toHaveLength(3);
  });

  test('W10: only refusals count: not that it had to wait or the agent was away; and they count anew after a requeue', async () => {
    batch = await givenBatch(own, join(agent.world.batchSource, 'elsewhere'), []);
    agent.world.queue.hold();
    agent.world.queue.add(`purge_batch ${batch.fullName}`, () => Promise.resolve());
    await start();
    const id = await load();
    const runs = async () => (await jobRows(own, id))[0]?.attempt ?? 0;
    await until('it was put off three times', async () => {
      await makeDelayedDue(own);
      return (await runs()) > 3;
    });
    await agent.stop();
    await untilFailedWith(id, 'AgentUnreachable');
    await agent.start();
    agent.world.queue.release();
    await agent.world.queue.idle();
    const refused = () => orders(agent).filter((command) => command === 'load-batch');
    const row = await untilEnded(id);
    expect(refused()).toHaveLength(3);
    expect(row).toMatchObject({ status: 'failed', error: { name: 'FatalError' } });
    expect(row.error?.message).toMatch(/cannot be loaded.*; it refused 3 times; then "bin\/run-jobs requeue \d+"$/);
    await rows(own, `select requeue_pipeline($1, 'ann', 'mounted again')`, [id]);
    expect((await untilEnded(id)).status).toBe('failed');
    expect(refused()).toHaveLength(6);
  });

  test('refused: tried again later, and its words are told', async () => {
    batch = await givenBatch(own, join(agent.world.batchSource, 'elsewhere'), []);
    await start();
    const row = await untilDelayed(await load());
    expect(row.error?.name).toBe('AgentRefused');
    expect(row.error?.message).toContain('cannot be loaded');
  });
});

describe('nothing is asked for twice', () => {
  test.each(['closes mid-reply', 'hangs up before an answer'] as const)(
    'the load was queued, and the agent %s: the job is found in its list',
    async (how) => {
      agent.world.queue.hold();
      agent.misbehave(how, 'load-batch');
      await start();
      const id = await load();
      await untilDelayed(id);
      await makeDelayedDue(own);
      await until('it waits', async () => (await jobRows(own, id))[0]?.status === 'success');
      agent.world.queue.release();
      expect((await untilEnded(id)).status).toBe('success');
      const asked = how === 'closes mid-reply' ? 1 : 2; // the other one was not queued
      expect(orders(agent).filter((command) => command === 'load-batch')).toHaveLength(asked);
      expect(agent.world.queue.jobs).toHaveLength(1);
    },
  );

  test('killed after the job was written down: the run that follows takes it', async () => {
    agent.world.queue.hold();
    const runner = await start();
    const id = await load();
    await untilDelayed(id);
    await runner.stop(0);
    await rows(own, `update jobs set status = 'waiting', completed_at = null where pipeline_id = $1`, [id]);
    await rows(
      own,
      `update pipelines set next_sequence = (select min(sequence) from jobs where pipeline_id = $1), status = 'pending', run_at = now() where id = $1`,
      [id],
    );
    agent.world.queue.release();
    await agent.world.queue.idle(); // it is done already
    await start();
    expect((await untilEnded(id)).status).toBe('success');
    expect(orders(agent)).toEqual(['ensure-awardee', 'load-batch']);
    expect(await requests(own)).toEqual([{ action: 'load', status: 'successful', job_id: 1 }]);
  });

  test('somebody else had it queued already: that job is waited for', async () => {
    agent.world.queue.hold();
    agent.world.queue.add(`load_batch /batches/${batch.fullName}`, () => Promise.resolve());
    await start();
    const id = await load();
    await untilDelayed(id);
    agent.world.queue.release();
    expect((await untilEnded(id)).status).toBe('success');
    expect(orders(agent)).toEqual(['ensure-awardee']);
  });

  test('what a cancelled pipeline had loaded is not believed: it may have been purged since', async () => {
    agent.world.queue.hold();
    await start();
    const first = await load();
    await untilDelayed(first);
    await rows(own, `update pipelines set status = 'cancelled', completed_at = now() where id = $1`, [first]);
    agent.world.queue.release();
    await agent.world.queue.idle();
    agent.world.oni.batches.clear();
    expect((await untilEnded(await load())).status).toBe('success');
    expect(isLoaded()).toBe(true);
    expect((await requests(own)).map(({ status }) => status)).toEqual(['superseded', 'successful']);
  });

  test('a purge waits until the load of a cancelled pipeline has ended, which is not taken for the next one', async () => {
    agent.world.queue.hold();
    await start();
    const first = await load();
    await untilDelayed(first);
    await rows(own, `select cancel_pipeline($1, 'ann', 'no')`, [first]);
    const away = await purge();
    expect((await untilDelayed(away)).error?.message).toContain('it must end first');
    expect(orders(agent)).not.toContain('purge-batch');
    agent.world.queue.release();
    expect((await untilEnded(away)).status).toBe('success');
    expect(isLoaded()).toBe(false);
    expect((await untilEnded(await load())).status).toBe('success');
    expect(orders(agent).filter((command) => command === 'load-batch')).toHaveLength(2);
    expect(isLoaded()).toBe(true);
  });

  test('every job twice in a row does the same as once', async () => {
    const twice = oniJobs.map((job) =>
      Object.assign(job.bind(null), {
        definition: {
          ...job.definition,
          run: async (context: never) => {
            await job.definition.run(context);
            return job.definition.run(context);
          },
        },
      }),
    );
    await startRunner(own, { more: twice, settings: settingsFor(agent) });
    const id = await load();
    expect((await untilEnded(id)).status).toBe('success');
    await untilIdle(own);
    expect(orders(agent).filter((command) => command === 'load-batch')).toHaveLength(1);
  });
});
