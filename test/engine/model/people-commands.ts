/** What people do: decide, wake, cancel, requeue, skip, move, edit rows by hand. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { rows, verb } from '../support.js';
import { command, pick, pickPipeline, share, worthwhile } from './command.js';
import type { ModelPipeline } from './model.js';

export const operate = (
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

export const decideOne = fc
  .record({
    which: share,
    old: fc.constantFrom(0, 0, 0, 1),
    verb: fc.constantFrom('yes', 'no', 'cancel'),
    actor: fc.constantFrom('ada', 'ada', 'bob'),
  })
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
        const answer = await verb(real.own, `decide($1, $2, $3, '{}', null, $4, 'cli')`, [
          p.id,
          rev,
          given.verb,
          given.actor,
        ]);
        expect(answer.status ?? (answer.code === 'PM409' ? 'refused' : answer.code)).toBe(
          p.decided(rev, given.verb, given.actor, model.now),
        );
      },
    ),
  );

export const movable = (p: ModelPipeline) => p.open && p.status !== 'in_process';
export const goTo = fc.record({ which: share, target: share }).map((given) =>
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

/** Mostly of what would not run by itself. */
export const editByHand = share.map((which) =>
  command(
    `edit by hand ${which}`,
    (model) => model.pipelines.some((p) => p.open),
    async (model, real) => {
      const open = model.pipelines.filter((one) => one.open);
      const waiting = open.filter(({ status }) => status === 'delayed' || status === 'failed');
      const p = pick(waiting.length > 0 && (which * 7) % 1 < 0.6 ? waiting : open, which);
      await rows(real.own, `update pipelines set status = 'pending' where id = $1`, [p.id]);
      p.editedToPending(model.now);
    },
  ),
);

/** To an end, or to a failure, past every function. */
export const endByHand = fc
  .record({ which: share, to: fc.constantFrom('cancelled', 'success', 'failed') })
  .map(({ which, to }) =>
    command(
      `end by hand ${to} ${which}`,
      (model) => model.pipelines.some((p) => p.open),
      async (model, real) => {
        const p = pick(
          model.pipelines.filter((one) => one.open),
          which,
        );
        await rows(real.own, 'update pipelines set status = $2 where id = $1', [p.id, to]);
        p.editedTo(to);
      },
    ),
  );

/** How urgent what waits is. */
export const reprioritise = fc
  .record({ which: share, priority: fc.integer({ min: 0, max: 2 }) })
  .map(({ which, priority }) =>
    command(
      `priority ${priority} ${which}`,
      (model) => model.pipelines.some((p) => p.open),
      async (model, real) => {
        const p = pick(
          model.pipelines.filter((one) => one.open),
          which,
        );
        await rows(real.own, 'update pipelines set priority = $2 where id = $1', [p.id, priority]);
        p.priority = priority;
      },
    ),
  );
