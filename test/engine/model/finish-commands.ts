/** Jobs that are done: in batches, and with what belongs to their outcome. */
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { ObjectBusy } from '../../../src/engine/enqueue.js';
import type { Done } from '../../../src/engine/job.js';
import { finish, type Finished } from '../../../src/engine/statements/finish.js';
import { finishWith } from '../../../src/engine/statements/finish-with.js';
import { rows } from '../support.js';
import { call, command, hasRoom, modelJob, pick, planOf, queue, share, take } from './command.js';
import { ModelPipeline, type Claim } from './model.js';
import type { Real } from './real.js';

export const said = (mine: Claim, real: Real, keep: boolean): Finished => ({
  ...{
    pipelineId: mine.pipeline.id,
    epoch: mine.epoch,
    sequence: real.jobOf(mine).sequence,
    result: { by: mine.job.name },
  },
  ...{ seenRev: real.jobOf(mine).decision?.hold_rev ?? null, lane: keep ? mine.job.queue : undefined },
});
export const nextOf = (p: ModelPipeline) =>
  p.jobs.slice(p.jobs.indexOf(p.job) + 1).find((job) => job.status === 'waiting');

export const finishSome = fc
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

export const finishWithMore = fc
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
