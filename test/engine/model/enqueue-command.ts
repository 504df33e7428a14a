import fc from 'fast-check';
import { expect } from 'vitest';
import { enqueue, ObjectBusy } from '../../../src/engine/enqueue.js';
import { command, hasRoom, modelJob, planOf, queue } from './command.js';
import { ModelPipeline } from './model.js';

const jobs = fc.array(fc.record({ queue, max: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 4 });

/** A pipeline, now and then about an object that is busy, now and then of jobs that are retried together. */
export const enqueueOne = fc
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

/** Several at once, now and then two about one object: then none of them. */
export const enqueueMany = fc
  .array(
    fc.record({ object: fc.option(fc.integer({ min: 1, max: 4 })), priority: fc.integer({ min: 0, max: 1 }), jobs }),
    {
      minLength: 2,
      maxLength: 3,
    },
  )
  .map((given) =>
    command(`enqueue many ${JSON.stringify(given)}`, hasRoom, async (model, real) => {
      const made = given.map((plan) => plan.jobs.map((job, i) => modelJob(`m${i}`, job.queue, job.max, null)));
      const plans = given.map(({ object, priority }, i) => planOf(object, priority, made[i] ?? []));
      const ids = enqueue(real.own.database.kysely, plans, { actor: 'model' });
      const objects = given.flatMap(({ object }) => (object === null ? [] : [object]));
      if (new Set(objects).size < objects.length || objects.some((object) => model.busy(object)))
        return expect(ids).rejects.toThrow(ObjectBusy);
      const all = await ids;
      for (const [i, { object, priority }] of given.entries())
        model.pipelines.push(new ModelPipeline(all[i] ?? 0, object, priority, made[i] ?? [], model.now));
    }),
  );
