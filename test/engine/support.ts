/** Runners in this process and looks at the rows, for the engine's tests. Nothing here sleeps for a fixed time. */
import { setTimeout as sleep } from 'node:timers/promises';
import pino, { type Logger } from 'pino';
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import type { Coordination } from '../../src/coordination/coordination.js';
import type { Database, Json } from '../../src/database/database.js';
import { enqueue } from '../../src/engine/enqueue.js';
import type { Job, Queue } from '../../src/engine/job.js';
import type { PipelinePlan } from '../../src/engine/pipeline.js';
import { createRegistry } from '../../src/engine/registry.js';
import type { RunnerObserver } from '../../src/engine/runner/observer.js';
import { Runner } from '../../src/engine/runner/runner.js';
import type { Watcher } from '../../src/engine/watcher.js';
import { loadSettings, type Settings } from '../../src/settings.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Stage } from './stage.js';

export const testSettings: Settings = {
  ...loadSettings({ file: '/dev/null', env: {} }),
  POLL_INTERVAL: 0.03,
  RUNNER_LEASE: 60,
};

/** A database for a test file, empty at the start of each test. */
export function useDatabase(): TestDatabase {
  let own: TestDatabase | undefined;
  const get = () => {
    if (!own) throw new Error('the database is there inside tests only');
    return own;
  };
  beforeAll(async () => {
    own = await createTestDatabase();
  });
  beforeEach(async () => {
    await get().database.pool.query(
      'truncate pipelines, jobs, decisions, job_logs, events, runners, watchers, progress, locks restart identity cascade',
    );
  });
  afterAll(() => own?.drop());
  return {
    get url() {
      return get().url;
    },
    get database() {
      return get().database;
    },
    drop: () => get().drop(),
  };
}

/** A logger whose lines the test can read. */
export function readableLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (json: string) => lines.push(JSON.parse(json) as Record<string, unknown>); // pino wrote it
  return { log: pino({ level: 'trace' }, { write }), lines };
}

export interface RunnerParts {
  stage?: Stage;
  /** Job types besides those of the stage. */
  more?: readonly Job[];
  queues?: Partial<Record<Queue, number>>;
  settings?: Partial<Settings>;
  watchers?: Watcher[];
  onIdle?: () => void;
  observer?: RunnerObserver;
  log?: Logger;
  /** Another pool than the test's, e.g. one that can be cut off. */
  database?: Database;
  /** Locks and progress elsewhere than in the test's database. */
  coordination?: Coordination;
  /** Listens for hints; without, the runner polls. */
  hints?: boolean;
}

export const ALL_QUEUES = { io: 2, cpu: 2, fast: 4, instant: 4 };

/** Starts a runner that is stopped when the test ends. */
export async function startRunner(own: TestDatabase, parts: RunnerParts = {}): Promise<Runner> {
  const runner = new Runner({
    database: parts.database ?? own.database,
    ...(parts.coordination && { coordination: parts.coordination }),
    ...(parts.hints && { listenOn: own.url }),
    registry: createRegistry({
      jobs: [...(parts.stage ?? new Stage()).jobs, ...(parts.more ?? [])],
      watchers: parts.watchers ?? [],
    }),
    settings: { ...testSettings, ...parts.settings },
    log: parts.log ?? pino({ level: 'silent' }),
    queues: parts.queues ?? ALL_QUEUES,
    version: 'test',
    ...(parts.onIdle && { onIdle: parts.onIdle }),
    ...(parts.observer && { observer: parts.observer }),
  });
  const stop = runner.stop.bind(runner);
  let stopped: Promise<void> | undefined;
  runner.stop = (graceSeconds) => (stopped ??= stop(graceSeconds)); // the end of the test stops what the test did not
  await runner.start();
  onTestFinished(() => runner.stop(0));
  return runner;
}

/** How many sessions of this database wait for a lock: `pg_locks` tells of those of other test files, too. */
export const lockWaits = async (own: TestDatabase): Promise<number> =>
  (
    await rows(
      own,
      `select from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and wait_event_type = 'Lock'`,
    )
  ).length;

/** Waits until a runner listens for hints: one whose connection for them was not to be had at once starts without. */
export const untilListening = (own: TestDatabase): Promise<void> =>
  until('it listens', async () => {
    const sessions = `select from pg_stat_activity where datname = current_database() and application_name = 'pressmark hints'`;
    return (await rows(own, `${sessions} and query in ('listen pressmark', 'select 1')`)).length > 0;
  });

/** Enqueues plans as "tester". */
export const enqueued = (own: TestDatabase, ...plans: PipelinePlan[]): Promise<number[]> =>
  enqueue(own.database.kysely, plans, { actor: 'tester' });

/** Enqueues one plan. */
export async function enqueuedOne(own: TestDatabase, plan: PipelinePlan): Promise<number> {
  const [id] = await enqueued(own, plan);
  if (id === undefined) throw new Error('nothing was enqueued');
  return id;
}

/** Waits until the condition holds, looking again and again. @throws Error that says what never happened */
export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`this never happened within ${seconds} s: ${what}`);
    await sleep(5);
  }
}

export interface PipelineRow {
  id: number;
  name: string;
  status: string;
  queue: Queue;
  next_sequence: number;
  epoch: number;
  runner_id: number | null;
  rescues: number;
  run_at: Date;
  error: { message?: string; name?: string } | null;
  hold_kind: string | null;
  hold_action: string | null;
  hold_message: string | null;
  hold_rev: number;
  decision_rev: number | null;
  held_at: Date | null;
  wake_at: Date | null;
  due_at: Date | null;
  assignee: string | null;
  completed_at: Date | null;
  [column: string]: unknown;
}

/** The row of a pipeline. */
export async function pipelineRow(own: TestDatabase, id: number): Promise<PipelineRow> {
  const [row] = await rows<PipelineRow>(own, 'select * from pipelines where id = $1', [id]);
  if (!row) throw new Error(`there is no pipeline ${id}`);
  return row;
}

export interface JobRow {
  sequence: number;
  type: string;
  name: string;
  status: string;
  attempt: number;
  failures: number;
  result: Json;
  error: { message?: string } | null;
  completed_at: Date | null;
}

/** The jobs of a pipeline in order, as their rows say. */
export const jobRows = (own: TestDatabase, id: number): Promise<JobRow[]> =>
  rows<JobRow>(
    own,
    `select sequence, type, args ->> 'name' as name, status, attempt, failures, result, error, completed_at from jobs where pipeline_id = $1 order by sequence`,
    [id],
  );

/** "A success, B failed": what the view for people says about the jobs of a pipeline. */
export async function jobList(own: TestDatabase, id: number): Promise<string> {
  const list = await rows<{ name: string; status: string }>(
    own,
    `select args ->> 'name' as name, status from job_list where pipeline_id = $1 order by sequence`,
    [id],
  );
  return list.map((job) => `${job.name} ${job.status}`).join(', ');
}

/** The kinds of a pipeline's events, oldest first. */
export async function eventKinds(own: TestDatabase, id: number): Promise<string[]> {
  const events = await rows<{ kind: string }>(own, 'select kind from events where pipeline_id = $1 order by id', [id]);
  return events.map((event) => event.kind);
}

export async function rows<Row>(own: TestDatabase, text: string, values: unknown[] = []): Promise<Row[]> {
  return (await own.database.pool.query(text, values)).rows as Row[]; // the query's own columns
}

/** Waits until a pipeline has one of the statuses; returns its row. */
export async function untilStatus(own: TestDatabase, id: number, ...statuses: string[]): Promise<PipelineRow> {
  let row = await pipelineRow(own, id);
  let seen = '';
  const describe = () => `pipeline ${id} becomes ${statuses.join(' or ')}${seen}`;
  const deadline = performance.now() + 60_000;
  while (!statuses.includes(row.status)) {
    if (performance.now() > deadline) throw new Error(`this never happened: ${describe()}`);
    await sleep(5);
    row = await pipelineRow(own, id);
    seen = `; it is ${row.status} at ${row.next_sequence}`;
  }
  return row;
}

/** Nothing pending or in process: what is left is ended, failed, held or delayed. */
export const untilIdle = (own: TestDatabase, seconds?: number): Promise<void> =>
  until(
    'nothing is pending or in process',
    async () =>
      (await rows(own, `select from pipelines where status in ('pending', 'in_process') limit 1`)).length === 0,
    seconds,
  );

/** Nobody sleeps in tests: what was put off is due now. */
export const makeDelayedDue = (own: TestDatabase): Promise<unknown> =>
  rows(own, `update pipelines set run_at = now() - interval '1 second' where status = 'delayed'`);

/** Sets back the wake time of held pipelines. */
export const makeHeldDue = (own: TestDatabase): Promise<unknown> =>
  rows(own, `update pipelines set wake_at = now() - interval '1 second' where status = 'held' and wake_at is not null`);

export interface VerbResult {
  status?: string;
  /** SQLSTATE, when refused. */
  code?: string;
  message?: string;
  hint?: string;
}

/** Calls an operator's verb; a refusal is a result, not an exception. */
export async function verb(own: TestDatabase, call: string, values: unknown[]): Promise<VerbResult> {
  try {
    const [row] = await rows<{ status: string }>(own, `select ${call} as status`, values);
    return { ...row };
  } catch (error) {
    const { code, message, hint } = error as { code?: string; message: string; hint?: string };
    if (!code?.startsWith('PM')) throw error;
    return { code, message, ...(hint !== undefined && { hint }) };
  }
}

/** Answers a question. */
export const decide = (own: TestDatabase, id: number, rev: number, answer: string, actor = 'ada', params: Json = {}) =>
  verb(own, `decide($1, $2, $3, $4, null, $5, 'cli')`, [id, rev, answer, JSON.stringify(params), actor]);
