import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { Run, Statement } from '../../../src/engine/statements/statement.js';
import { onPool } from '../../../src/engine/statements/statement.js';
import type { ClaimedJob } from '../../../src/engine/statements/claim.js';
import type { TestDatabase } from '../../support/database.js';
import { rows } from '../support.js';
import type { Claim, Model, ModelPipeline } from './model.js';

/** A statement broken on purpose, to see whether the model notices. */
export interface Mutant {
  statement: string;
  from: string;
  to: string;
}

/** The engine as it is: its statements and SQL functions on a real database. */
export class Real {
  readonly run: Run;
  /** What the database said at each claim. */
  readonly claimed = new Map<Claim, ClaimedJob>();

  constructor(
    readonly own: TestDatabase,
    mutant?: Mutant,
  ) {
    const run = onPool(own.database.pool);
    this.run = <Row>(statement: Statement<Row>, values: unknown[]) => {
      if (statement.name !== mutant?.statement) return run(statement, values);
      if (!statement.text.includes(mutant.from)) throw new Error(`${statement.name} no longer says "${mutant.from}"`);
      const text = statement.text.replace(mutant.from, mutant.to);
      const name = `mutant_${createHash('sha256').update(text).digest('hex').slice(0, 40)}`; // a connection prepares each name once
      return run<Row>({ name, text }, values);
    };
  }

  jobOf(claim: Claim): ClaimedJob {
    const job = this.claimed.get(claim);
    if (!job) throw new Error('every claim was made by a statement');
    return job;
  }

  async newRunner(): Promise<number> {
    const [row] = await rows<{ id: number }>(
      this.own,
      `insert into runners (host, pid, boot_id, version, queues) values ('model', 1, 'x', 'x', '{}') returning id`,
    );
    return row?.id ?? 0;
  }

  async reset(): Promise<void> {
    await rows(
      this.own,
      'create table if not exists effects (n bigint generated always as identity, pipeline bigint, job text)',
    );
    await rows(
      this.own,
      'truncate pipelines, jobs, decisions, job_logs, events, runners, progress, effects restart identity cascade',
    );
  }
}

const LOOK = `
  select p.id, p.status, case when p.status = 'pending' then p.queue end as queue, p.epoch, p.runner_id, p.rescues, p.hold_kind, p.hold_action, p.hold_rev,
    p.decision_rev, p.wake_at is not null as wakes, p.blocked_by, p.priority, p.object_id,
    case when p.status = 'pending' then p.run_at <= clock_timestamp() + interval '5 seconds' end as runnable, p.assignee, coalesce(p.assigned_until > clock_timestamp(), false) as counts, p.due_at is not null as due, p.snoozed_rev,
    case when p.error ->> 'message' like '%deadline%' then 'late' else p.error ->> 'message' end as error,
    (select count(*) from jobs j where j.pipeline_id = p.id and j.sequence < p.next_sequence) as cursor,
    (select jsonb_agg(jsonb_build_array(j.args ->> 'name', j.status, j.attempt, j.failures, j.tried_since is not null, j.result ->> 'by', j.completed_at is not null) order by j.sequence) from jobs j where j.pipeline_id = p.id) as jobs,
    (select coalesce(jsonb_agg(e.kind order by e.id), '[]') from events e where e.pipeline_id = p.id) as events,
    (select coalesce(jsonb_agg(jsonb_build_array(d.hold_rev, d.verb) order by d.hold_rev), '[]') from decisions d where d.pipeline_id = p.id) as decisions
  from pipelines p order by p.id`;

const expected = (p: ModelPipeline) => ({
  id: p.id,
  status: p.status,
  queue: p.status === 'pending' ? p.job.queue : null,
  epoch: p.epoch,
  runner_id: p.runner,
  rescues: p.rescues,
  hold_kind: p.kind,
  hold_action: p.action,
  hold_rev: p.rev,
  decision_rev: p.answered,
  wakes: p.wakes,
  blocked_by: p.blocker?.id ?? null,
  priority: p.priority,
  object_id: p.object,
  runnable: p.status === 'pending' ? true : null,
  assignee: p.assignee,
  counts: p.counts,
  due: p.hasDue,
  snoozed_rev: p.snoozed,
  error: p.error,
  cursor: p.cursor,
  jobs: p.jobs.map(({ name, status, attempt, failures, tried, result }) => [
    ...[name, status, attempt, failures, tried, result],
    status === 'success' || status === 'skipped',
  ]),
  events: p.events,
  decisions: [...p.decisions].sort(([a], [b]) => a - b),
});

/** Every row as the model has it. */
export async function compare(model: Model, real: Real): Promise<void> {
  expect(await rows(real.own, LOOK)).toEqual(model.pipelines.map(expected));
  const effects = await rows<{ effect: string }>(
    real.own,
    `select pipeline || ' ' || job as effect from effects order by n`,
  );
  expect(effects.map((row) => row.effect)).toEqual(model.effects);
}
