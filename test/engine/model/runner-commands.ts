/** What runners and the clock do: claim, fail, put off, ask, hand back, die. */
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect } from 'vitest';
import type { Hold } from '../../../src/engine/job.js';
import { claim } from '../../../src/engine/statements/claim.js';
import { fail } from '../../../src/engine/statements/fail.js';
import { holdWith } from '../../../src/engine/statements/finish-with.js';
import { finish } from '../../../src/engine/statements/finish.js';
import { handBack } from '../../../src/engine/statements/hand-back.js';
import { holdJob } from '../../../src/engine/statements/hold.js';
import { tryJobLater } from '../../../src/engine/statements/try-later.js';
import { rows, verb } from '../support.js';
import { command, isInGroup, pick, share, take } from './command.js';
import { said } from './finish-commands.js';
import type { Claim, Model } from './model.js';
import type { Real } from './real.js';

export const claimSome = fc
  .record({ runner: share, which: share, limit: fc.integer({ min: 1, max: 4 }) })
  .map((given) =>
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

export const handBackMany = fc.record({ which: share, wrong: fc.boolean() }).map((given) =>
  command(
    `hand back many ${JSON.stringify(given)}`,
    (model) => model.claims.length > 1,
    async (model, real) => {
      const { runner } = pick(model.claims, given.which);
      const mine = model.claims.filter((c) => c.runner === runner || given.wrong); // also what was never its own
      const distinct = [...new Map(mine.map((c) => [c.pipeline.id, c])).values()];
      const ours = distinct.filter(({ pipeline, epoch }) => pipeline.status === 'in_process' && pipeline.runner === runner && pipeline.epoch === epoch); // prettier-ignore
      const got = await handBack(
        real.run,
        runner,
        distinct.map(({ pipeline, epoch }) => ({ pipelineId: pipeline.id, epoch })),
      );
      expect(got.map(({ id }) => id).sort((a, b) => a - b)).toEqual(ours.map(({ pipeline }) => pipeline.id).sort((a, b) => a - b)); // prettier-ignore
      for (const { pipeline } of ours) pipeline.handedBack();
      model.claims = model.claims.filter((c) => !distinct.includes(c));
    },
  ),
);

const end = (
  label: string,
  act: (mine: Claim, real: Real, model: Model) => Promise<void>,
  fits?: (claim: Claim) => boolean,
) =>
  fc.record({ which: share, again: fc.boolean() }).map((given) =>
    command(
      `${label} ${JSON.stringify(given)}`,
      (model) => model.claims.some(fits ?? (() => true)),
      (model, real) => {
        const mine = fits ? pick(model.claims.filter(fits), given.which) : take(model, given.which, given.again);
        if (fits) model.claims = model.claims.filter((claim) => claim !== mine);
        return act(mine, real, model);
      },
    ),
  );

const failed = (retryable: boolean) => async (mine: Claim, real: Real) => {
  const row = await fail(real.run, mine.runner, real.jobOf(mine), { message: 'boom' }, retryable);
  if (!mine.pipeline.stands(mine)) {
    expect(row).toBeUndefined();
    return;
  }
  mine.pipeline.failed(retryable);
  expect(row?.status).toBe(mine.pipeline.status);
};
export const failOne = (retryable: boolean) => end(retryable ? 'fail' : 'fatal', failed(retryable));
/** A later job of a group: the cursor goes back to its first. */
export const failInGroup = end(
  'fail in a group',
  failed(true),
  (claim) => claim.pipeline.stands(claim) && isInGroup(claim.pipeline),
);

export const putOff = (tooLate: boolean) =>
  end(tooLate ? 'too late' : 'try later', async (mine, real) => {
    const later = { by: 'job', afterSeconds: 3600, deadlineSeconds: tooLate ? 0 : 86_400, reason: 'busy' } as const;
    const status = await tryJobLater(real.run, mine.runner, real.jobOf(mine), later);
    if (!mine.pipeline.stands(mine)) {
      expect(status).toBeUndefined();
      return;
    }
    mine.pipeline.putOff(tooLate);
    expect(status).toBe(mine.pipeline.status);
  });

export const ask = fc
  .record({
    which: share,
    again: fc.boolean(),
    kind: fc.constantFrom('person', 'person', 'external', 'timer', 'pipeline'),
    action: fc.constantFrom('a', 'a', 'a', 'b', null),
    wakes: fc.boolean(),
    blocker: share,
    due: fc.boolean(),
    assignee: fc.constantFrom(null, null, 'bob'),
    effect: fc.boolean(),
  })
  .map((given) =>
    command(
      `hold ${JSON.stringify(given)}`,
      (model) => model.claims.length > 0 && (given.kind !== 'person' || given.action !== null),
      async (model, real) => {
        const retried = model.claims.filter((claim) => claim.pipeline.stands(claim) && claim.job.failures > 0);
        const mine = retried[0] !== undefined && given.due ? retried[0] : take(model, given.which, given.again);
        const blocker = given.kind === 'pipeline' ? pick(model.pipelines, given.blocker) : null;
        const { kind, action, wakes, due, assignee } = given;
        const asked = { kind, action, wakes, blocker, due, assignee } as const;
        const outcome: Hold = {
          ...{ kind: 'hold', hold: given.kind, message: 'please' },
          ...(due && { dueAfter: '2 d' }),
          ...(assignee !== null && { assignee }),
          ...(given.action !== null && { action: given.action }),
          ...(given.wakes && { wakeAfter: '1 h' }),
          ...(blocker && { blockedBy: blocker.id }),
          commit: async (trx) => {
            await sql`insert into effects (pipeline, job) values (${mine.pipeline.id}, ${mine.job.name})`.execute(trx);
          },
        };
        const status = await (given.effect
          ? holdWith(real.own.database, mine.runner, real.jobOf(mine), outcome)
          : holdJob(real.run, mine.runner, real.jobOf(mine), outcome));
        const expected = mine.pipeline.stands(mine) ? mine.pipeline.asked(mine, asked) : undefined;
        expect(status).toBe(expected);
        if (expected === 'held' && given.effect) model.effects.push(`${mine.pipeline.id} ${mine.job.name}`);
      },
    ),
  );

/** While a job looks again its question is answered; then the job asks the same once more, or is done: the answer is not lost. */
export const answeredMeanwhile = fc.record({ which: share, finishes: fc.boolean() }).map((given) => {
  const looksAgain = (claim: Claim) =>
    claim.pipeline.stands(claim) && claim.pipeline.action !== null && claim.pipeline.answered === null;
  return command(
    `answered meanwhile ${JSON.stringify(given)}`,
    (model) => model.claims.some(looksAgain),
    async (model, real) => {
      const mine = pick(model.claims.filter(looksAgain), given.which);
      const { pipeline } = mine;
      const { rev, action } = pipeline;
      const answer = await verb(real.own, `decide($1, $2, 'yes', '{}', null, 'ada', 'cli')`, [pipeline.id, rev]);
      expect(answer.status ?? 'refused').toBe(pipeline.decided(rev, 'yes', 'ada', model.now));
      if (!pipeline.stands(mine)) return; // its runner had died too often: the answer is about that
      model.claims = model.claims.filter((claim) => claim !== mine);
      if (given.finishes) {
        const [row] = await finish(real.run, mine.runner, [said(mine, real, false)], {});
        expect(row?.status).toBe(pipeline.finished(mine, () => false));
      } else {
        const asked = { kind: 'person', action: action ?? 'a', wakes: false, blocker: null, due: false, assignee: null } as const; // prettier-ignore
        const status = await holdJob(real.run, mine.runner, real.jobOf(mine), { kind: 'hold', hold: 'person', action: asked.action, message: 'please' }); // prettier-ignore
        expect(status).toBe(pipeline.asked(mine, asked));
      }
    },
  );
});

export const giveBack = end('hand back', async (mine, real) => {
  const got = await handBack(real.run, mine.runner, [{ pipelineId: mine.pipeline.id, epoch: mine.epoch }]);
  // the epoch alone says whose it is: also a pipeline that was kept and stands at a later job is given back
  const ours =
    mine.pipeline.status === 'in_process' && mine.pipeline.runner === mine.runner && mine.pipeline.epoch === mine.epoch;
  expect(got).toHaveLength(ours ? 1 : 0);
  if (ours) mine.pipeline.handedBack();
});

/** How a runner is known to be dead: it said goodbye, its beat is old, its host saw it, somebody deleted its row. */
const DEATHS = {
  goodbye: 'update runners set stopped_at = now() where id = $1',
  silent: `update runners set heartbeat_at = now() - interval '2 hours' where id = $1`,
  seen: 'select 1 from runners where id = $1',
  deleted: 'delete from runners where id = $1',
};
const death = fc.constantFrom(...(Object.keys(DEATHS) as (keyof typeof DEATHS)[])); // its own keys

async function dies(dead: number, how: keyof typeof DEATHS, model: Model, real: Real): Promise<void> {
  await rows(real.own, DEATHS[how], [dead]);
  const victims = model.pipelines.filter((p) => p.status === 'in_process' && p.runner === dead);
  const [rescued] = await rows<{ n: number }>(real.own, `select rescue_pipelines('1 hour', $1) as n`, [
    how === 'seen' ? [dead] : [],
  ]);
  expect(rescued?.n).toBe(victims.length);
  for (const victim of victims) victim.rescued(model.now);
}

/** Its claims stay in its hands: it may only have been away, and speaks on. */
export const crash = fc.record({ which: share, how: death }).map(({ which, how }) =>
  command(
    `crash ${how} ${which}`,
    (model) => model.pipelines.some((p) => p.status === 'in_process'),
    async (model, real) => {
      const dead = pick(model.runners, which);
      await dies(dead, how, model, real);
      model.runners = [...model.runners.filter((id) => id !== dead), await real.newRunner()];
    },
  ),
);

/** A job that kills each runner that takes it: after three rescues a person is asked. */
export const crashLoop = fc.record({ which: share, how: death, times: fc.constantFrom(2, 3, 4, 5) }).map((given) =>
  command(
    `crash loop ${JSON.stringify(given)}`,
    (model) => model.pipelines.some((p) => p.status === 'pending'),
    async (model, real) => {
      const { queue } = pick(
        model.pipelines.filter((p) => p.status === 'pending'),
        given.which,
      ).job;
      for (let i = 0; i < given.times; i++) {
        const runner = await real.newRunner();
        const due = model.runnable(queue);
        expect(await claim(real.run, runner, queue, 100)).toHaveLength(due.length);
        for (const p of due) p.claimedBy(runner);
        model.now++;
        await dies(runner, given.how, model, real);
      }
    },
  ),
);

export const due = fc.constant(null).map(() =>
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
