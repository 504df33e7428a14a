/** Everything that can happen to a pipeline, as commands for fast-check: what the engine does, what the model says, compared after each. */
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { enqueue, ObjectBusy } from '../../../src/engine/enqueue.js';
import { QUEUES, type Done, type JobCall, type Queue } from '../../../src/engine/job.js';
import type { PipelinePlan } from '../../../src/engine/pipeline.js';
import { claim } from '../../../src/engine/statements/claim.js';
import { fail } from '../../../src/engine/statements/fail.js';
import { finish, type Finished } from '../../../src/engine/statements/finish.js';
import { finishWith } from '../../../src/engine/statements/finish-with.js';
import { handBack } from '../../../src/engine/statements/hand-back.js';
import { holdJob } from '../../../src/engine/statements/hold.js';
import { tryJobLater } from '../../../src/engine/statements/try-later.js';
import { rows, verb } from '../support.js';
import { ModelPipeline, type Claim, type Model, type ModelJob } from './model.js';
import { compare, type Real } from './real.js';

type Command = fc.AsyncCommand<Model, Real>;

function command(
  label: string,
  check: (model: Model) => boolean,
  act: (model: Model, real: Real) => Promise<void>,
): Command {
  return {
    check,
    run: async (model, real) => {
      model.now++;
      await act(model, real);
      await compare(model, real);
    },
    toString: () => label,
  };
}

/** The later in the list, the likelier: what happened last is where the next thing happens. */
const pick = <T>(list: readonly T[], share: number): T => {
  const found = list[Math.min(list.length - 1, Math.floor(Math.sqrt(share) * list.length))];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
};
const share = fc.noBias(fc.integer({ min: 0, max: 999 })).map((n) => n / 1000);
const queue = fc.constantFrom(...QUEUES.slice(0, 2));
/** Whether there is something the verb is meant for; now and then it is tried all the same. */
const worthwhile = (model: Model, which: number, fits: (p: ModelPipeline) => boolean): boolean =>
  model.pipelines.length > 0 && (which < 0.05 || model.pipelines.some(fits));
/** Mostly one that the verb is meant for, now and then any. */
const pickPipeline = (model: Model, which: number, fits: (p: ModelPipeline) => boolean): ModelPipeline => {
  const fitting = model.pipelines.filter(fits);
  return pick(which >= 0.05 && fitting.length > 0 ? fitting : model.pipelines, (which * 7) % 1);
};
const hasRoom = (model: Model) => model.pipelines.filter((p) => p.open).length < 4;

// Enqueueing -------------------------------------------------------------------------------------

const jobs = fc.array(fc.record({ queue, max: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 4 });

const modelJob = (name: string, onQueue: Queue, max: number, entwine: number | null): ModelJob => ({
  ...{ name, queue: onQueue, max, entwine },
  ...{ status: 'waiting', attempt: 0, failures: 0 },
});
const call = (job: ModelJob): JobCall => ({
  ...{ type: 'model', queue: job.queue, args: { name: job.name }, maxAttempts: job.max, timeoutSeconds: 60 },
  ...(job.entwine !== null && { entwine: job.entwine }),
});
const planOf = (object: number | null, priority: number, of: ModelJob[]): PipelinePlan => ({
  ...{ name: 'Model', description: 'model', jobs: of.map(call), priority },
  ...(object !== null && { object: { type: 'thing', id: object } }),
});

const enqueueOne = fc
  .record({
    object: fc.option(fc.integer({ min: 1, max: 4 })),
    priority: fc.integer({ min: 0, max: 1 }),
    group: fc.boolean(),
    jobs,
  })
  .map((given) =>
    command(`enqueue ${JSON.stringify(given)}`, hasRoom, async (model, real) => {
      const group = given.group && given.jobs.length > 1 ? 77 : null;
      const made = given.jobs.map((job, i) => modelJob(`j${i}`, job.queue, job.max, group));
      const ids = enqueue(real.own.database.kysely, [planOf(given.object, given.priority, made)], { actor: 'model' });
      if (model.busy(given.object)) return expect(ids).rejects.toThrow(ObjectBusy);
      model.pipelines.push(new ModelPipeline((await ids)[0] ?? 0, given.object, given.priority, made, model.now));
    }),
  );

// What runners do --------------------------------------------------------------------------------

const claimSome = fc.record({ runner: share, which: share, limit: fc.integer({ min: 1, max: 4 }) }).map((given) =>
  command(
    `claim ${JSON.stringify(given)}`,
    (model) => model.pipelines.some((p) => p.status === 'pending'),
    async (model, real) => {
      const runner = pick(model.runners, given.runner);
      const from = pick(
        model.pipelines.filter((p) => p.status === 'pending'),
        given.which,
      ).job.queue;
      const got = await claim(real.run, runner, from, given.limit);
      const due = model.runnable(from).slice(0, given.limit);
      expect(got.map((row) => row.pipelineId).sort((a, b) => a - b)).toEqual(
        due.map((p) => p.id).sort((a, b) => a - b),
      );
      for (const row of got) {
        const pipeline = due.find((p) => p.id === row.pipelineId);
        if (!pipeline || row.type === null) throw new Error('compared above');
        const mine = pipeline.claimedBy(runner);
        expect(row).toMatchObject({ args: { name: mine.job.name }, attempt: mine.job.attempt + 1, queue: from });
        expect(row.decision?.verb).toEqual(mine.answer === null ? undefined : pipeline.decisions.get(mine.answer));
        model.claims.push(mine);
        real.claimed.set(mine, row);
      }
    },
  ),
);

/** A claim some runner believes to have; it is kept now and then, so that the same is said twice. */
function take(model: Model, which: number, again: boolean): Claim {
  const mine = pick(model.claims, which);
  if (!again) model.claims = model.claims.filter((other) => other !== mine);
  return mine;
}
const said = (mine: Claim, real: Real, keep: boolean): Finished => ({
  ...{
    pipelineId: mine.pipeline.id,
    epoch: mine.epoch,
    sequence: real.jobOf(mine).sequence,
    result: { by: mine.job.name },
  },
  ...{ seenRev: real.jobOf(mine).decision?.hold_rev ?? null, lane: keep ? mine.job.queue : undefined },
});
const nextOf = (p: ModelPipeline) => p.jobs.slice(p.jobs.indexOf(p.job) + 1).find((job) => job.status === 'waiting');

const finishSome = fc
  .record({
    which: share,
    among: fc.array(fc.boolean(), { maxLength: 5 }),
    oldest: fc.boolean(),
    keep: fc.boolean(),
    again: fc.boolean(),
    room: fc.dictionary(queue, fc.integer({ min: 0, max: 2 })),
  })
  .map((given) =>
    command(
      `finish ${JSON.stringify(given)}`,
      (model) => model.claims.length > 0,
      async (model, real) => {
        const { runner } = pick(model.claims, given.which);
        const mine = model.claims.filter((c) => c.runner === runner);
        if (!given.oldest) mine.reverse();
        const batch = mine.filter((_, i) => i === 0 || given.among[i]);
        if (!given.again) model.claims = model.claims.filter((c) => !batch.includes(c));
        const got = await finish(
          real.run,
          runner,
          batch.map((c) => said(c, real, given.keep)),
          given.room,
        );
        const standing = batch.filter((c) => c.pipeline.stands(c)).sort((a, b) => a.pipeline.id - b.pipeline.id);
        expect(got.map((row) => row.pipelineId).sort((a, b) => a - b)).toEqual(standing.map((c) => c.pipeline.id));
        const free = new Map<string, number>(Object.entries(given.room));
        for (const mine of standing) {
          const { pipeline, job } = mine;
          const next = pipeline.answered === mine.answer ? nextOf(pipeline) : undefined;
          const moves = next !== undefined && next.queue !== job.queue;
          const place = moves ? (free.get(next.queue) ?? 0) : 1;
          if (moves) free.set(next.queue, place - 1);
          const status = pipeline.finished(mine, () => given.keep && place > 0);
          const row = got.find((r) => r.pipelineId === pipeline.id);
          expect(row?.status).toBe(status);
          if (row?.status !== 'in_process') continue;
          const kept = pipeline.claimOf(runner);
          expect(row).toMatchObject({
            args: { name: kept.job.name },
            queue: kept.job.queue,
            attempt: kept.job.attempt + 1,
          });
          model.claims.push(kept);
          real.claimed.set(kept, { ...real.jobOf(mine), ...row, decision: null });
        }
      },
    ),
  );

const finishWithMore = fc
  .record({
    which: share,
    again: fc.boolean(),
    keep: fc.boolean(),
    siblings: fc.option(fc.record({ count: fc.constantFrom(1, 3, 12), queue })),
    follows: fc.option(fc.boolean()),
  })
  .map((given) =>
    command(
      `finish with ${JSON.stringify(given)}`,
      (model) => model.claims.length > 0,
      async (model, real) => {
        const mine = take(model, given.which, given.again);
        const { pipeline } = mine;
        const siblings =
          mine.job.entwine !== null || !given.siblings
            ? []
            : Array.from({ length: given.siblings.count }, (_, i) =>
                modelJob(`s${model.now}.${i}`, given.siblings?.queue ?? 'io', 2, null),
              );
        const follower = [modelJob('f', 'io', 2, null)];
        const object = given.follows ? pipeline.object : null;
        const follows = given.follows !== null && hasRoom(model);
        const outcome: Done = {
          kind: 'done',
          siblings: siblings.map(call),
          commit: async (trx) => {
            await sql`insert into effects (pipeline, job) values (${pipeline.id}, ${mine.job.name})`.execute(trx);
          },
          ...(follows && { then: [planOf(object, 0, follower)] }),
        };
        const finished = said(mine, real, given.keep);
        const ours = pipeline.stands(mine);
        const seen = ours && pipeline.answered === mine.answer;
        const last = siblings.length === 0 && nextOf(pipeline) === undefined;
        const work = finishWith(real.own.database, mine.runner, real.jobOf(mine), finished, outcome);
        if (seen && follows && object !== null && !last) return expect(work).rejects.toThrow(ObjectBusy);
        const row = await work;
        expect(row === undefined).toBe(!ours);
        if (!ours) return;
        if (seen) {
          pipeline.jobs.splice(pipeline.cursor + 1, 0, ...siblings);
          model.effects.push(`${pipeline.id} ${mine.job.name}`);
        }
        const status = pipeline.finished(mine, (next) => given.keep && next.queue === mine.job.queue);
        expect(row?.status).toBe(status);
        if (row?.status === 'in_process') {
          const kept = pipeline.claimOf(mine.runner);
          model.claims.push(kept);
          real.claimed.set(kept, { ...real.jobOf(mine), ...row, decision: null });
        }
        if (seen && follows) {
          const [born] = await rows<{ id: number }>(real.own, 'select max(id) as id from pipelines');
          model.pipelines.push(new ModelPipeline(born?.id ?? 0, object, 0, follower, model.now));
        }
      },
    ),
  );

const end = (label: string, act: (mine: Claim, real: Real, model: Model) => Promise<void>) =>
  fc.record({ which: share, again: fc.boolean() }).map((given) =>
    command(
      `${label} ${JSON.stringify(given)}`,
      (model) => model.claims.length > 0,
      (model, real) => act(take(model, given.which, given.again), real, model),
    ),
  );

const failOne = (retryable: boolean) =>
  end(retryable ? 'fail' : 'fatal', async (mine, real) => {
    const row = await fail(real.run, mine.runner, real.jobOf(mine), { message: 'boom' }, retryable);
    if (!mine.pipeline.stands(mine)) return expect(row).toBeUndefined();
    mine.pipeline.failed(retryable);
    expect(row?.status).toBe(mine.pipeline.status);
  });

const putOff = (tooLate: boolean) =>
  end(tooLate ? 'too late' : 'try later', async (mine, real) => {
    const later = { by: 'job', afterSeconds: 3600, deadlineSeconds: tooLate ? 0 : 86_400, reason: 'busy' } as const;
    const status = await tryJobLater(real.run, mine.runner, real.jobOf(mine), later);
    if (!mine.pipeline.stands(mine)) return expect(status).toBeUndefined();
    mine.pipeline.putOff(tooLate);
    expect(status).toBe(mine.pipeline.status);
  });

const ask = fc
  .record({
    which: share,
    again: fc.boolean(),
    kind: fc.constantFrom('person', 'person', 'external', 'timer', 'pipeline'),
    action: fc.constantFrom('a', 'a', 'a', 'b', null),
    wakes: fc.boolean(),
    blocker: share,
  })
  .map((given) =>
    command(
      `hold ${JSON.stringify(given)}`,
      (model) => model.claims.length > 0 && (given.kind !== 'person' || given.action !== null),
      async (model, real) => {
        const mine = take(model, given.which, given.again);
        const blocker = given.kind === 'pipeline' ? pick(model.pipelines, given.blocker) : null;
        const asked = { kind: given.kind, action: given.action, wakes: given.wakes, blocker } as const;
        const status = await holdJob(real.run, mine.runner, real.jobOf(mine), {
          ...{ kind: 'hold', hold: given.kind, message: 'please' },
          ...(given.action !== null && { action: given.action }),
          ...(given.wakes && { wakeAfter: '1 h' }),
          ...(blocker && { blockedBy: blocker.id }),
        });
        expect(status).toBe(mine.pipeline.stands(mine) ? mine.pipeline.asked(mine, asked) : undefined);
      },
    ),
  );

const giveBack = end('hand back', async (mine, real) => {
  const got = await handBack(real.run, mine.runner, [{ pipelineId: mine.pipeline.id, epoch: mine.epoch }]);
  // the epoch alone says whose it is: also a pipeline that was kept and stands at a later job is given back
  const ours =
    mine.pipeline.status === 'in_process' && mine.pipeline.runner === mine.runner && mine.pipeline.epoch === mine.epoch;
  expect(got).toHaveLength(ours ? 1 : 0);
  if (ours) mine.pipeline.handedBack();
});

const crash = share.map((which) =>
  command(
    `crash ${which}`,
    (model) => model.pipelines.some((p) => p.status === 'in_process'),
    async (model, real) => {
      const dead = pick(model.runners, which);
      await rows(real.own, 'update runners set stopped_at = now() where id = $1', [dead]);
      const victims = model.pipelines.filter((p) => p.status === 'in_process' && p.runner === dead);
      const [rescued] = await rows<{ n: number }>(real.own, `select rescue_pipelines('1 hour') as n`);
      expect(rescued?.n).toBe(victims.length);
      for (const victim of victims) victim.rescued(model.now);
      model.runners = [...model.runners.filter((id) => id !== dead), await real.newRunner()];
    },
  ),
);

const due = fc.constant(null).map(() =>
  command(
    'time passes',
    (model) => model.pipelines.some((p) => p.due),
    async (model, real) => {
      await rows(real.own, `update pipelines set run_at = now() - interval '1 second' where status = 'delayed'`);
      await rows(real.own, `update pipelines set wake_at = now() - interval '1 second' where wake_at is not null`);
      const all = model.pipelines.filter((p) => p.due);
      const [made] = await rows<{ n: number }>(real.own, 'select make_due() as n');
      expect(made?.n).toBe(all.length);
      for (const p of all) p.madeDue(model.now);
    },
  ),
);

// What people do ---------------------------------------------------------------------------------

const operate = (
  label: string,
  text: string,
  fits: (p: ModelPipeline) => boolean,
  act: (p: ModelPipeline, now: number) => string,
) =>
  share.map((which) =>
    command(
      `${label} ${which}`,
      (model) => worthwhile(model, which, fits),
      async (model, real) => {
        const p = pickPipeline(model, which, fits);
        const answer = await verb(real.own, text, [p.id]);
        expect(answer.status ?? (answer.code === 'PM409' ? 'refused' : answer.code)).toBe(act(p, model.now));
      },
    ),
  );

const decideOne = fc
  .record({ which: share, old: fc.constantFrom(0, 0, 0, 1), verb: fc.constantFrom('yes', 'no', 'cancel') })
  .map((given) =>
    command(
      `decide ${JSON.stringify(given)}`,
      (model) => worthwhile(model, given.which, (p) => p.action !== null),
      async (model, real) => {
        const running = model.pipelines.some(
          (p) => p.status === 'in_process' && p.action !== null && p.answered === null,
        );
        const p = pickPipeline(
          model,
          given.which,
          (one) => one.action !== null && (one.status === 'in_process' || !running),
        );
        const rev = Math.max(0, p.rev - given.old);
        const answer = await verb(real.own, `decide($1, $2, $3, '{}', null, 'ada', 'cli')`, [p.id, rev, given.verb]);
        expect(answer.status ?? (answer.code === 'PM409' ? 'refused' : answer.code)).toBe(
          p.decided(rev, given.verb, model.now),
        );
      },
    ),
  );

const movable = (p: ModelPipeline) => p.open && p.status !== 'in_process';
const goTo = fc.record({ which: share, target: share }).map((given) =>
  command(
    `goto ${JSON.stringify(given)}`,
    (model) => worthwhile(model, given.which, movable),
    async (model, real) => {
      const p = pickPipeline(model, given.which, movable);
      const target = p.jobs.indexOf(pick(p.jobs, given.target));
      const answer = await verb(
        real.own,
        `goto_job($1, (select sequence from jobs where pipeline_id = $1 order by sequence offset $2 limit 1), 'ada', 'r')`,
        [p.id, target],
      );
      expect(answer.status ?? 'refused').toBe(p.wentTo(target, model.now));
    },
  ),
);

const editByHand = share.map((which) =>
  command(
    `edit by hand ${which}`,
    (model) => model.pipelines.some((p) => p.open),
    async (model, real) => {
      const p = pick(
        model.pipelines.filter((one) => one.open),
        which,
      );
      await rows(real.own, `update pipelines set status = 'pending' where id = $1`, [p.id]);
      p.editedToPending(model.now);
    },
  ),
);

/** All commands; what happens most in life comes most. */
export const commands = fc.oneof(
  { arbitrary: enqueueOne, weight: 12 },
  { arbitrary: claimSome, weight: 16 },
  { arbitrary: finishSome, weight: 8 },
  { arbitrary: finishWithMore, weight: 5 },
  { arbitrary: failOne(true), weight: 3 },
  { arbitrary: failOne(false), weight: 2 },
  { arbitrary: putOff(false), weight: 1 },
  { arbitrary: putOff(true), weight: 1 },
  { arbitrary: ask, weight: 7 },
  { arbitrary: giveBack, weight: 1 },
  { arbitrary: crash, weight: 2 },
  { arbitrary: due, weight: 4 },
  { arbitrary: decideOne, weight: 7 },
  {
    arbitrary: operate(
      'wake',
      `wake_pipeline($1, 'ada')`,
      (p) => p.status === 'held',
      (p, now) => p.woken(now),
    ),
    weight: 4,
  },
  {
    arbitrary: operate(
      'cancel',
      `cancel_pipeline($1, 'ada', 'r')`,
      (p) => p.open,
      (p) => p.cancelled(),
    ),
    weight: 1,
  },
  {
    arbitrary: operate(
      'requeue',
      `requeue_pipeline($1, 'ada')`,
      (p) => p.status === 'failed' || p.status === 'delayed',
      (p, now) => p.requeued(now),
    ),
    weight: 4,
  },
  {
    arbitrary: operate(
      'skip',
      `skip_job($1, 'ada', 'r')`,
      (p) => p.open && p.status !== 'in_process',
      (p, now) => p.skipped(now),
    ),
    weight: 1,
  },
  { arbitrary: goTo, weight: 2 },
  { arbitrary: editByHand, weight: 2 },
);
