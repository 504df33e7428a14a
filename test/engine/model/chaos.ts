/** Many callers at once on many connections, doing at random whatever may be done; every answer is counted. */
import { sql } from 'kysely';
import { enqueue, ObjectBusy } from '../../../src/engine/enqueue.js';
import type { Queue } from '../../../src/engine/job.js';
import { claim, type ClaimedJob } from '../../../src/engine/statements/claim.js';
import { fail } from '../../../src/engine/statements/fail.js';
import { finish, type Finished } from '../../../src/engine/statements/finish.js';
import { finishWith } from '../../../src/engine/statements/finish-with.js';
import { handBack } from '../../../src/engine/statements/hand-back.js';
import { holdJob } from '../../../src/engine/statements/hold.js';
import { onPool, type Run } from '../../../src/engine/statements/statement.js';
import { tryJobLater } from '../../../src/engine/statements/try-later.js';
import type { TestDatabase } from '../../support/database.js';
import { Stage } from '../stage.js';
import { rows, verb } from '../support.js';

type Chance = () => number;
type Deed = () => Promise<void>;

/** mulberry32: the order of the calls is the machine's, what each caller wants to do is the seed's. */
function chances(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export class Chaos {
  /** What was answered, by kind. */
  readonly counts: Record<string, number> = {};
  /** How often a job was checked off: "pipeline job". */
  readonly checkedOff = new Map<string, number>();
  /** Pipelines of which somebody moved the cursor: their jobs may be checked off again. */
  readonly moved = new Set<number>();
  /** Errors that nobody may ever see: deadlocks, broken constraints. */
  readonly surprises: string[] = [];
  private readonly run: Run;
  private readonly stage = new Stage();
  private siblings = 0;

  constructor(private readonly own: TestDatabase) {
    this.run = onPool(own.database.pool);
  }

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  async enqueueOne(chance: Chance): Promise<void> {
    const queues: Queue[] = ['io', 'fast'];
    const length = 1 + Math.floor(chance() * 4);
    const jobs = Array.from({ length }, (_, i) =>
      this.stage.step(queues[Math.floor(chance() * 2)] ?? 'io', `j${i}`, { maxAttempts: 3 }),
    );
    const object = { type: 'thing', id: 1 + Math.floor(chance() * 20) };
    try {
      await enqueue(
        this.own.database.kysely,
        [{ name: 'Chaos', description: 'chaos', jobs, ...(chance() < 0.5 && { object }) }],
        {
          actor: 'chaos',
        },
      );
      this.count('enqueued');
    } catch (error) {
      if (!(error instanceof ObjectBusy)) throw error;
      this.count('busy');
    }
  }

  /** A runner that now and then forgets what it has, dies and speaks on as a ghost, or says things twice. */
  async runner(seed: number, deeds: number): Promise<void> {
    const chance = chances(seed);
    let id = await this.enlist();
    let hands: { runner: number; job: ClaimedJob }[] = [];
    const keep = (runner: number, job: ClaimedJob | undefined) => job && hands.push({ runner, job });
    const endOne = async () => {
      const [hand] = hands.splice(Math.floor(chance() * hands.length), 1);
      if (hand === undefined) return;
      if (chance() < 0.05) hands.push(hand); // says it twice
      keep(hand.runner, await this.end(hand.runner, hand.job, chance));
    };
    for (let i = 0; i < deeds; i++) {
      const dice = chance();
      await this.guarded(async () => {
        if (dice < 0.35 && hands.length < 6)
          for (const row of await claim(this.run, id, chance() < 0.5 ? 'io' : 'fast', 1 + Math.floor(chance() * 3))) {
            this.count('claims');
            if (row.type !== null) keep(id, row);
          }
        else if (dice < 0.37) {
          await rows(this.own, 'update runners set stopped_at = now() where id = $1', [id]);
          id = await this.enlist();
        } else if (dice < 0.38) hands = [];
        else if (dice < 0.46) await this.endBatch(id, hands, chance, keep);
        else await endOne();
      });
    }
  }

  /** People and clocks. */
  async operator(seed: number, deeds: number): Promise<void> {
    const chance = chances(seed);
    for (let i = 0; i < deeds; i++) await this.guarded(this.deed(chance));
  }

  private deed(chance: Chance): Deed {
    const dice = chance();
    const some = async (where: string) =>
      (
        await rows<{ id: number; hold_rev: number }>(
          this.own,
          `select id, hold_rev from pipelines where ${where} order by random() limit 1`,
        )
      )[0];
    const call = async (what: string, where: string, text: string) => {
      const p = await some(where);
      if (p && (await verb(this.own, text, [p.id])).status !== undefined) this.count(what);
    };
    if (dice < 0.2) return () => this.enqueueOne(chance);
    if (dice < 0.45)
      return async () => {
        const p = await some('hold_action is not null');
        if (
          p &&
          (
            await verb(this.own, `decide($1, $2, $3, '{}', null, 'ada', 'cli')`, [
              p.id,
              p.hold_rev,
              chance() < 0.9 ? 'yes' : 'cancel',
            ])
          ).status !== undefined
        )
          this.count('decided');
      };
    if (dice < 0.6) return () => this.timePasses();
    if (dice < 0.7) return () => this.rescue();
    if (dice < 0.78) return () => call('woken', `status = 'held'`, `wake_pipeline($1, 'ada')`);
    if (dice < 0.86) return () => call('requeued', `status in ('failed', 'delayed')`, `requeue_pipeline($1, 'ada')`);
    if (dice < 0.88) return () => call('cancelled', 'true', `cancel_pipeline($1, 'ada', 'r')`);
    if (dice < 0.9) return () => call('skipped', `status = 'failed'`, `skip_job($1, 'ada', 'r')`);
    if (dice < 0.93)
      return async () => {
        const p = await some(`status in ('held', 'failed', 'delayed', 'pending')`);
        if (!p) return;
        this.moved.add(p.id);
        if (
          (
            await verb(
              this.own,
              `goto_job($1, (select sequence from jobs where pipeline_id = $1 order by random() limit 1), 'ada', 'r')`,
              [p.id],
            )
          ).status !== undefined
        )
          this.count('goto');
      };
    return async () => {
      const p = await some(`status in ('in_process', 'held', 'failed', 'delayed')`);
      if (!p) return;
      const [was] = await rows<{ status: string }>(
        this.own,
        `with old as (select id, status from pipelines where id = $1 for update) update pipelines p set status = 'pending' from old where p.id = old.id and old.status not in ('success', 'cancelled') returning old.status`,
        [p.id],
      );
      if (was?.status === 'in_process') this.count('runs ended');
    };
  }

  async timePasses(): Promise<void> {
    await rows(
      this.own,
      `update pipelines p set run_at = now() - interval '1 second' from (select id from pipelines where status = 'delayed' for update skip locked) d where d.id = p.id and p.status = 'delayed'`,
    );
    await rows(
      this.own,
      `update pipelines p set wake_at = now() - interval '1 second' from (select id from pipelines where wake_at is not null for update skip locked) d where d.id = p.id and p.wake_at is not null`,
    );
    await rows(this.own, 'select make_due()');
  }
  async rescue(): Promise<void> {
    const [rescued] = await rows<{ n: number }>(this.own, `select rescue_pipelines('1 hour') as n`);
    this.count('rescues', rescued?.n ?? 0);
    this.count('runs ended', rescued?.n ?? 0);
  }
  async enlist(): Promise<number> {
    const [row] = await rows<{ id: number }>(
      this.own,
      `insert into runners (host, pid, boot_id, version, queues) values ('chaos', 1, 'x', 'x', '{}') returning id`,
    );
    return row?.id ?? 0;
  }

  /** Ends a run in one of the ways; returns the pipeline's next job when it is kept. */
  private async end(runner: number, job: ClaimedJob, chance: Chance): Promise<ClaimedJob | undefined> {
    const dice = chance();
    if (dice < 0.35 || (job.decision && dice < 0.7)) return this.finishWithEffect(runner, job, chance);
    let ended: unknown;
    if (dice < 0.52) {
      const row = await fail(this.run, runner, job, { message: 'boom' }, dice < 0.46);
      if (row) this.count('failures');
      ended = row;
    } else if (dice < 0.58)
      ended = await tryJobLater(this.run, runner, job, {
        by: 'job',
        afterSeconds: 60,
        deadlineSeconds: 3600,
        reason: 'busy',
      });
    else if (dice < 0.63) ended = (await handBack(this.run, runner, [job]))[0];
    else
      ended = await holdJob(this.run, runner, job, {
        kind: 'hold',
        hold: 'person',
        action: 'review',
        message: 'look',
        ...(chance() < 0.5 && { wakeAfter: '1 h' }),
      });
    if (ended !== undefined) this.count('runs ended');
    return undefined;
  }

  private said(job: ClaimedJob, chance: Chance): Finished {
    const { pipelineId, epoch, sequence } = job;
    return {
      pipelineId,
      epoch,
      sequence,
      result: null,
      seenRev: job.decision?.hold_rev ?? null,
      lane: chance() < 0.7 ? job.queue : undefined,
    };
  }

  private async finishWithEffect(runner: number, job: ClaimedJob, chance: Chance): Promise<ClaimedJob | undefined> {
    const { name } = job.args as { name: string };
    const more =
      chance() < 0.05 && !name.includes('.')
        ? [this.stage.step('io', `${name}.${this.siblings++}`), this.stage.step('fast', `${name}.${this.siblings++}`)]
        : [];
    const written: string[] = [];
    const row = await finishWith(this.own.database, runner, job, this.said(job, chance), {
      kind: 'done',
      siblings: more,
      commit: async (trx) => {
        written.push(name);
        await sql`insert into effects (pipeline, job) values (${job.pipelineId}, ${name})`.execute(trx);
      },
    });
    if (!row) return undefined;
    this.count('runs ended');
    if (written.length > 0) this.check(job);
    return row.status === 'in_process' ? { ...job, ...row, decision: null } : undefined;
  }

  private async endBatch(
    runner: number,
    hands: { runner: number; job: ClaimedJob }[],
    chance: Chance,
    keep: (runner: number, job: ClaimedJob) => void,
  ): Promise<void> {
    const batch = hands.filter((hand) => hand.runner === runner);
    const room = { io: Math.floor(chance() * 3), fast: Math.floor(chance() * 3) };
    const got = await finish(
      this.run,
      runner,
      batch.map((hand) => this.said(hand.job, chance)),
      room,
    );
    for (const row of got) {
      const hand = batch.find((h) => h.job.pipelineId === row.pipelineId);
      if (!hand) throw new Error('an answer to nothing');
      this.count('runs ended');
      if (row.status === 'in_process') keep(runner, { ...hand.job, ...row, decision: null });
    }
    hands.splice(0, hands.length, ...hands.filter((hand) => !batch.includes(hand)));
  }

  private check(job: ClaimedJob): void {
    const key = `${job.pipelineId} ${(job.args as { name: string }).name}`;
    this.checkedOff.set(key, (this.checkedOff.get(key) ?? 0) + 1);
  }

  private async guarded(deed: Deed): Promise<void> {
    try {
      await deed();
    } catch (error) {
      this.surprises.push(String(error));
    }
  }

  /** Everything is let come to its end. */
  async drain(): Promise<void> {
    const id = await this.enlist();
    const open = () =>
      rows<{ id: number; status: string; hold_rev: number }>(
        this.own,
        `select id, status, hold_rev from pipelines where status not in ('success', 'cancelled')`,
      );
    await rows(this.own, 'update runners set stopped_at = now() where id <> $1', [id]);
    for (let left = await open(); left.length > 0; left = await open()) {
      await this.rescue();
      await this.timePasses();
      for (const p of left) {
        if (p.status === 'failed' && (await verb(this.own, `requeue_pipeline($1, 'ada')`, [p.id])).status !== undefined)
          this.count('requeued');
        if (
          p.status === 'held' &&
          (await verb(this.own, `decide($1, $2, 'yes', '{}', null, 'ada', 'cli')`, [p.id, p.hold_rev])).status !==
            undefined
        )
          this.count('decided');
      }
      for (const queue of ['io', 'fast'] as const)
        for (const row of await claim(this.run, id, queue, 100))
          if (row.type !== null) await this.finishWithEffect(id, row, () => 0.99);
    }
  }
}
