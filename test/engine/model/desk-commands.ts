/** What people do with questions before they answer them: claim, assign, release, put off; and claims that expire. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { rows, verb } from '../support.js';
import { command, pickPipeline, share, worthwhile } from './command.js';
import type { ModelPipeline } from './model.js';

const people = fc.constantFrom('ada', 'bob');
const asks = (p: ModelPipeline) => p.action !== null && p.open;

/** One of the desk's verbs on a pipeline, mostly on one that asks. */
const desk = <Given extends { which: number }>(
  label: string,
  arbitrary: fc.Arbitrary<Given>,
  call: (given: Given) => [text: string, values: unknown[]],
  act: (p: ModelPipeline, given: Given) => string,
  fits: (p: ModelPipeline) => boolean = asks,
) =>
  arbitrary.map((given) =>
    command(
      `${label} ${JSON.stringify(given)}`,
      (model) => worthwhile(model, given.which, fits),
      async (model, real) => {
        const p = pickPipeline(model, given.which, fits);
        const [text, values] = call(given);
        const answer = await verb(real.own, text, [p.id, ...values]);
        expect(answer.status ?? (answer.code === 'PM409' ? 'refused' : answer.code)).toBe(act(p, given));
      },
    ),
  );

export const claimQuestion = desk(
  'claim the question',
  fc.record({ which: share, actor: people }),
  ({ actor }) => ['claim_pipeline($1, $2)', [actor]],
  (p, { actor }) => p.putOnDesk(actor),
);
export const assign = desk(
  'assign',
  fc.record({ which: share, to: people }),
  ({ to }) => [`assign_pipeline($1, $2, 'ada')`, [to]],
  (p, { to }) => p.assigned(to),
);
export const release = desk(
  'release',
  fc.record({ which: share, actor: people, others: fc.boolean() }),
  ({ actor, others }) => ['release_pipeline($1, $2, $3)', [actor, others]],
  (p, { actor, others }) => p.released(actor, others),
  (p) => p.assignee !== null,
);
export const snooze = desk(
  'snooze',
  fc.record({ which: share, until: fc.constantFrom('past', 'to come', 'to come', null), reason: fc.constantFrom('later', 'later', null) }), // prettier-ignore
  ({ until, reason }) => [
    `snooze_pipeline($1, 'ada', now() + $2::interval, $3)`,
    [until === null ? null : until === 'past' ? '-1 hour' : '1 hour', reason],
  ],
  (p, { until, reason }) => p.snoozedUntil(until, reason),
);

/** A week passes. */
export const claimsExpire = fc.constant(null).map(() =>
  command(
    'claims expire',
    (model) => model.pipelines.some((p) => p.counts),
    async (model, real) => {
      await rows(
        real.own,
        `update pipelines set assigned_until = now() - interval '1 second' where assignee is not null`,
      );
      for (const p of model.pipelines) p.counts = false;
    },
  ),
);
