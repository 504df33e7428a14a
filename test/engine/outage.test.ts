/** The database goes away under load: nothing lost, nothing doubled, and a runner that cannot reach it stops its work (design 3; queues spec 4.3). */
import { sql } from 'kysely';
import { createServer } from 'node:net';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectDatabase, type Database } from '../../src/database/database.js';
import { done, hold, type Outcome } from '../../src/engine/job.js';
import { Hints } from '../../src/engine/runner/hints.js';
import { proxyToDatabase, type Proxy } from '../support/proxy.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  decide,
  enqueued,
  enqueuedOne,
  jobRows,
  makeDelayedDue,
  pipelineRow,
  readableLog,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
} from './support.js';

const own = useDatabase();

/** A pool of its own, so that it can be cut off without the test's. */
function victim(): Database {
  const database = connectDatabase({ connectionString: own.url, applicationName: 'victim', onError: () => undefined });
  onTestFinished(() => database.close());
  return database;
}
/** Ends every connection but the test's, the one for hints included. */
const cutOff = () =>
  rows(
    own,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name in ('victim', 'pressmark hints')`,
  );

test('all connections are cut again and again under load: every job is done once, in order', async () => {
  await rows(
    own,
    'create table if not exists effects (pipeline bigint, sequence integer, at timestamptz default clock_timestamp())',
  );
  await rows(own, 'truncate effects');
  const stage = new Stage();
  const effect = (pipeline: number, sequence: number) =>
    done({
      result: sequence,
      commit: async (trx) => {
        await sql`insert into effects values (${pipeline}, ${sequence})`.execute(trx);
      },
    });
  stage.otherwise(({ pipelineId, sequence, args: { name }, decision }) => {
    if (name === 'ask' && !decision)
      return Promise.resolve(hold({ kind: 'person', action: 'review', message: 'look', wakeAfter: '0 s' }));
    // half of the jobs are checked off in batches, half in transactions of their own
    return Promise.resolve(name === 'plain' ? undefined : effect(pipelineId, sequence));
  });
  const jobs = [
    stage.step('fast', 'effect'),
    stage.step('io', 'plain'),
    stage.step('fast', 'ask'),
    stage.step('instant', 'effect'),
    stage.step('fast', 'plain'),
  ];
  const ids = await enqueued(own, ...Array.from({ length: 250 }, () => plan(jobs)));
  const runners = await Promise.all(
    [victim(), victim()].map((database) => startRunner(own, { stage, database, hints: true })),
  );
  let answered = 0;
  for (let cuts = 0; cuts < 12; cuts++) {
    const before = stage.runs.length;
    // longer than what was claimed while the connection broke is missed; the last 50 go on asking, so that there is work
    await until('work goes on', () => stage.runs.length > before + 10, 90);
    await cutOff();
    for (const { id, hold_rev } of await rows<{ id: number; hold_rev: number }>(
      own,
      `select id, hold_rev from pipelines where status = 'held' limit 40`,
    ))
      if (answered < ids.length - 50 && (await decide(own, id, hold_rev, 'approve')).status) answered++;
  }
  // what was claimed while the connection broke is handed back after half a minute, or at once when the runner ends
  await Promise.all(runners.map((runner) => runner.stop(5)));
  await startRunner(own, { stage });
  const allAnswered = async () => {
    for (const { id, hold_rev } of await rows<{ id: number; hold_rev: number }>(
      own,
      `select id, hold_rev from pipelines where status = 'held'`,
    ))
      await decide(own, id, hold_rev, 'approve');
    return (await rows(own, `select from pipelines where status <> 'success'`)).length === 0;
  };
  await until('all questions are answered', allAnswered, 90); // a runner that could not say that it ended is one for its lease
  expect(await rows(own, 'select pipeline, sequence, count(*) from effects group by 1, 2 having count(*) > 1')).toEqual(
    [],
  );
  expect(await rows(own, 'select from effects')).toHaveLength(250 * 3);
  expect(
    await rows(
      own,
      'select a.pipeline from effects a join effects b using (pipeline) where a.sequence < b.sequence and a.at > b.at',
    ),
  ).toEqual([]);
  expect(await rows(own, `select from events where kind in ('failed', 'failed_attempt')`)).toEqual([]);
  expect(await brokenInvariants(own)).toEqual({});
}, 300_000);

/** Of all that wait for its end: a runner that only stalls, on a busy machine, does so for less than three quarters of it. */
const LEASE = 8;

describe('a runner whose heartbeat does not reach the database', () => {
  /** Somebody holds the runner's row: its beats hang. */
  async function holdBeats(runnerId: number, more: (client: pg.Client) => Promise<unknown> = () => Promise.resolve()) {
    const client = new pg.Client(own.url);
    await client.connect();
    onTestFinished(() => client.end());
    await client.query('begin');
    await client.query('select from runners where id = $1 for update', [runnerId]);
    await more(client);
    return () => client.query('rollback');
  }

  test('aborts its work before the lease is over, and goes on when it is back', async () => {
    const stage = new Stage();
    const gate = stage.gate('A');
    const { log, lines } = readableLog();
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('fast', 'B')]));
    const runner = await startRunner(own, { stage, log, database: victim(), settings: { RUNNER_LEASE: LEASE } });
    const { signal } = await gate.entered;
    let told = Infinity;
    signal.addEventListener('abort', () => (told = performance.now()));
    const letGo = await holdBeats(runner.status().id);
    await until('the job is told to stop', () => gate.left());
    expect((stage.runs[0]?.signal.reason as Error).name).toBe('LeaseLost');
    expect(runner.status().running).toEqual([]);
    const during = await enqueuedOne(own, plan([stage.step('fast', 'X')]));
    const silence = `select extract(epoch from clock_timestamp() - heartbeat_at)::float8 as seconds from runners`;
    await until('it was seen to be told before the lease was over', async () => {
      const asked = performance.now();
      const [now] = await rows<{ seconds: number }>(own, silence); // which was that much less when the job was told
      return (now?.seconds ?? Infinity) - (asked - told) / 1000 < LEASE;
    });
    expect(stage.count('X')).toBe(0); // nothing is taken meanwhile
    await letGo();
    await untilStatus(own, id, 'success');
    await untilStatus(own, during, 'success');
    expect((await jobRows(own, id)).map((job) => job.failures)).toEqual([0, 0]);
    expect(lines.map((line) => line['msg'])).toContain('the database is back: taking work again');
  });

  test('has as many places afterwards as before, even when an answer came late', async () => {
    const stage = new Stage();
    const gate = stage.gate('A');
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
    const runner = await startRunner(own, {
      stage,
      database: victim(),
      queues: { fast: 1 },
      settings: { RUNNER_LEASE: LEASE },
    });
    await gate.entered;
    const letGo = await holdBeats(runner.status().id, (client) =>
      client.query('select from pipelines where id = $1 for update', [id]),
    );
    gate.fail(new Error('boom')); // recording this failure hangs, too
    await until('its work is dropped', () => runner.status().running.length === 0);
    await letGo();
    await untilStatus(own, id, 'delayed', 'success');
    await enqueued(own, ...Array.from({ length: 20 }, () => plan([stage.step('fast', 'quick')])));
    await until('all have run', () => stage.count('quick') === 20);
    expect(stage.peak.fast).toBe(1);
  });
});

describe('a database that is away for longer than the lease of all runners', () => {
  /** A way to the database that can be cut. */
  async function throughProxy(): Promise<{ proxy: Proxy; connect: () => Database }> {
    const { proxy, url } = await proxyToDatabase(own);
    onTestFinished(() => proxy.close());
    const connect = () => {
      const database = connectDatabase({
        connectionString: url,
        applicationName: 'behind',
        queryTimeoutSeconds: 3, // of a line that says nothing; shorter than the lease, as in service
        onError: () => undefined,
      });
      onTestFinished(() => database.close());
      return database;
    };
    return { proxy, connect };
  }

  test.each(['cut', 'stall'] as const)(
    'loses nothing (%s): what ran is aborted, given back, and done exactly once when it is back',
    { timeout: 120_000 },
    async (how) => {
      await rows(own, 'create table if not exists effects_once (pipeline bigint, sequence integer, run integer)');
      await rows(own, 'truncate effects_once');
      const stage = new Stage();
      let runs = 0;
      const effect = ({ pipelineId, sequence }: { pipelineId: number; sequence: number }) => {
        const run = ++runs;
        return done({
          commit: async (trx) => {
            await sql`insert into effects_once values (${pipelineId}, ${sequence}, ${run})`.execute(trx);
          },
        });
      };
      stage.otherwise((context) => Promise.resolve(effect(context)));
      const again = (context: { pipelineId: number; sequence: number }) => Promise.resolve(effect(context));
      const [inHand, ending] = [stage.gate('in hand', again), stage.gate('ends meanwhile', again)];
      const { proxy, connect } = await throughProxy();
      const ids = await enqueued(
        own,
        plan([stage.step('fast', 'in hand'), stage.step('fast', 'after it')]),
        plan([stage.step('fast', 'ends meanwhile'), stage.step('io', 'after that')]),
      );
      const start = (database: Database) => startRunner(own, { stage, database, settings: { RUNNER_LEASE: LEASE } });
      const runners = [await start(connect()), await start(connect())];
      const [, ended] = await Promise.all([inHand.entered, ending.entered]);

      if (how === 'cut') await proxy.cut();
      else proxy.stall();
      ending.end(effect(ended)); // nobody can be told
      await until('what is in hand is told to stop', () => inHand.left());
      await until('the lease of both is over', async () => {
        const late = `heartbeat_at < now() - make_interval(secs => ${LEASE + 0.5})`;
        return (await rows(own, `select from runners where ${late}`)).length === 2;
      });
      expect(stage.runs.find(({ name }) => name === 'in hand')?.signal.reason).toMatchObject({ name: 'LeaseLost' });
      expect(runners.flatMap((runner) => runner.status().running)).toEqual([]);
      expect(await rows(own, 'select from effects_once')).toEqual([]);
      expect(stage.runs).toHaveLength(2); // nothing is begun that could not be claimed

      await proxy.heal();
      // connections that were begun meanwhile are given up after 15 s
      await until(
        'all is done',
        async () => (await rows(own, `select from pipelines where status = 'success'`)).length === ids.length,
        60,
      );
      expect(await rows(own, 'select pipeline, sequence from effects_once order by 1, 2')).toEqual(
        ids.flatMap((pipeline) => [10, 20].map((sequence) => ({ pipeline, sequence }))),
      );
      for (const name of ['in hand', 'ends meanwhile']) expect(stage.count(name)).toBe(2);
      for (const name of ['after it', 'after that']) expect(stage.count(name)).toBe(1);
      for (const id of ids) expect((await jobRows(own, id)).map(({ failures }) => failures)).toEqual([0, 0]);
      expect(await brokenInvariants(own)).toEqual({});
    },
  );
});

describe('somebody leaves a transaction open in psql', () => {
  const effect = (): Outcome =>
    done({
      commit: async (trx) => {
        await sql`select 1`.execute(trx);
      },
    });

  /** A daemon with limits as in service, but shorter. The server gives up a quarter before the daemon, which must have heard so by then. */
  function impatient(queryTimeoutSeconds: number): Database {
    const database = connectDatabase({
      connectionString: own.url,
      applicationName: 'victim',
      queryTimeoutSeconds,
      runnerLeaseSeconds: 60,
      onError: () => undefined,
    });
    onTestFinished(() => database.close());
    return database;
  }

  /** Locks what the statement changes until the test lets go. */
  async function forgotten(text: string, values: unknown[]): Promise<() => Promise<void>> {
    const psql = new pg.Client({ connectionString: own.url });
    await psql.connect();
    onTestFinished(() => psql.end());
    await psql.query('begin');
    await psql.query(text, values);
    return async () => {
      await psql.query('rollback');
    };
  }

  const waitingBackends = async () =>
    (
      await rows<{ n: number }>(
        own,
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'victim' and wait_event_type = 'Lock'`,
      )
    )[0]?.n ?? 0;

  test.each<[string, () => Outcome | undefined]>([
    ['a plain result', () => undefined],
    ['a result with a transaction', effect],
    ['a question', () => hold({ kind: 'person', action: 'review', message: 'look' })],
  ])(
    '%s waits for it, however long, in few sessions; all else goes on; then it is recorded, without a failure',
    async (_what, outcome) => {
      const stage = new Stage();
      const names = ['locked', 'B', 'C', 'D'];
      const gates = names.map((name) => stage.gate(name));
      const [locked = 0, ...others] = await enqueued(own, ...names.map((name) => plan([stage.step('fast', name)])));
      const { log, lines } = readableLog();
      await startRunner(own, { stage, database: impatient(4), log, settings: { RUNNER_LEASE: LEASE } });
      await Promise.all(gates.map((gate) => gate.entered));
      const letGo = await forgotten('update pipelines set priority = 1 where id = $1', [locked]);
      for (const gate of gates) gate.end(outcome()); // all at once: they are recorded in one batch, if they can be
      let most = 0;
      const began = performance.now();
      const tries = () => lines.filter(({ msg }) => String(msg).includes('could not be recorded yet')).length;
      let early: number | undefined;
      const triedForLonger = async () => {
        most = Math.max(most, await waitingBackends());
        if (performance.now() - began > LEASE * 1000) early ??= tries();
        return early !== undefined && tries() > early;
      };
      await until('it has been tried for longer than the lease, and again', triedForLonger, 60);
      for (const id of others) await untilStatus(own, id, 'success', 'held');
      const late = await enqueued(own, ...[1, 2, 3].map(() => plan([stage.step('fast', 'late')])));
      for (const id of late) await untilStatus(own, id, 'success'); // its wait takes no place but its own
      expect(await pipelineRow(own, locked)).toMatchObject({ status: 'in_process', error: null });
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(2);
      await letGo();
      await untilStatus(own, locked, 'success', 'held');
      expect(stage.count('locked')).toBe(1);
      expect((await jobRows(own, locked))[0]).toMatchObject({ attempt: 1, failures: 0, error: null });
      expect(await brokenInvariants(own)).toEqual({});
    },
    180_000,
  );

  test('an answer that does not come in the middle of recording: it is recorded again, without a failure', async () => {
    const stage = new Stage();
    let tries = 0;
    stage.on('A', () =>
      Promise.resolve(
        done({
          commit: async (trx) => {
            await sql`select pg_sleep(${++tries === 1 ? 8 : 0})`.execute(trx);
          },
        }),
      ),
    );
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
    await startRunner(own, { stage, database: impatient(4), settings: { RUNNER_LEASE: LEASE } });
    await untilStatus(own, id, 'success', 'delayed', 'failed');
    expect((await jobRows(own, id))[0]).toMatchObject({ status: 'success', attempt: 1, failures: 0, error: null });
    expect(stage.count('A')).toBe(1);
    expect(tries).toBeGreaterThan(1);
  });

  test('a run that needs a row of it is tried later, and has not failed', async () => {
    await rows(own, 'create table if not exists holdings (id int primary key)');
    await rows(own, 'insert into holdings values (1) on conflict do nothing');
    const stage = new Stage();
    stage.on('A', async ({ db }) => {
      await sql`update holdings set id = id`.execute(db);
      return undefined;
    });
    const letGo = await forgotten('update holdings set id = id', []);
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A', { maxAttempts: 1 })]));
    await startRunner(own, { stage, database: impatient(8) });
    const later = await untilStatus(own, id, 'delayed', 'failed');
    expect(later.status).toBe('delayed');
    expect(later.error?.message).toMatch(/another session has locked.*pg_stat_activity/);
    await letGo();
    await makeDelayedDue(own);
    await untilStatus(own, id, 'success');
    expect((await jobRows(own, id))[0]).toMatchObject({ failures: 0, error: null });
  });
});

describe('hints', () => {
  test('a listener whose connection broke listens again', async () => {
    const heard: string[] = [];
    const { log } = readableLog();
    const hints = new Hints({ connectionString: own.url, application_name: 'pressmark hints' }, log, (payload) =>
      heard.push(payload),
    );
    await hints.start();
    onTestFinished(() => hints.stop());
    await cutOff();
    await until('it hears again', async () => {
      await rows(own, `select pg_notify('pressmark', 'fast')`);
      return heard.includes('fast');
    });
  });

  test('a server that takes the connection and says nothing does not keep a runner from starting', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { port: number };
    const { log } = readableLog();
    const hints = new Hints({ host: '127.0.0.1', port, user: 'x', database: 'x' }, log, () => undefined);
    onTestFinished(() => hints.stop());
    await hints.start();
  });
});

test('a job whose end cannot be recorded at once is not run again: its end is recorded when the database is back', async () => {
  const stage = new Stage();
  const gate = stage.gate('A');
  const { log, lines } = readableLog();
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('fast', 'B')]));
  await startRunner(own, { stage, log });
  await gate.entered;
  await rows(own, `alter table jobs rename to jobs_away`);
  gate.fail(new Error('boom'));
  await until('recording has failed', () =>
    lines.some((line) => String(line['msg']).includes('could not be recorded yet')),
  );
  await rows(own, `alter table jobs_away rename to jobs`);
  await untilStatus(own, id, 'delayed');
  expect(stage.count('A')).toBe(1);
  expect((await pipelineRow(own, id)).error?.message).toBe('boom');
});
