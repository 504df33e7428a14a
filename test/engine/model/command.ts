/** What the commands of the model are made of. */
import fc from 'fast-check';
import { QUEUES, type JobCall, type Queue } from '../../../src/engine/job.js';
import type { PipelinePlan } from '../../../src/engine/pipeline.js';
import type { Claim, Model, ModelJob, ModelPipeline } from './model.js';
import { rows, until } from '../support.js';
import { compare, type Real } from './real.js';

export type Command = fc.AsyncCommand<Model, Real>;

export function command(
  label: string,
  check: (model: Model) => boolean,
  act: (model: Model, real: Real) => Promise<void>,
): Command {
  return {
    check,
    run: async (model, real) => {
      model.now++;
      await until('nobody holds a row', () => isAlone(real));
      await act(model, real);
      await compare(model, real);
    },
    toString: () => label,
  };
}

/**
 * PostgreSQL tells an error before it rolls back: for a moment who was refused still holds the rows that it had looked at, and a
 * claim, which skips what is locked, would pass over them.
 */
async function isAlone({ own }: Real): Promise<boolean> {
  const others = `select from pg_stat_activity where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()`;
  return (await rows(own, others)).length === 0;
}

/** The later in the list, the likelier: what happened last is where the next thing happens. */
export const pick = <T>(list: readonly T[], share: number): T => {
  const found = list[Math.min(list.length - 1, Math.floor(Math.sqrt(share) * list.length))];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
};
export const share = fc.noBias(fc.integer({ min: 0, max: 999 })).map((n) => n / 1000);
export const queue = fc.constantFrom(...QUEUES.slice(0, 2));
/** Whether there is something the verb is meant for; now and then it is tried all the same. */
export const worthwhile = (model: Model, which: number, fits: (p: ModelPipeline) => boolean): boolean =>
  model.pipelines.length > 0 && (which < 0.15 || model.pipelines.some(fits));
/** Mostly one that the verb is meant for, now and then any. */
export const pickPipeline = (model: Model, which: number, fits: (p: ModelPipeline) => boolean): ModelPipeline => {
  const fitting = model.pipelines.filter(fits);
  return pick(which >= 0.15 && fitting.length > 0 ? fitting : model.pipelines, (which * 7) % 1);
};
export const hasRoom = (model: Model) => model.pipelines.filter((p) => p.open).length < 4;

export const modelJob = (name: string, onQueue: Queue, max: number, entwine: number | null): ModelJob => ({
  ...{ name, queue: onQueue, max, entwine },
  ...{ status: 'waiting', attempt: 0, failures: 0, tried: false, result: null },
});
export const call = (job: ModelJob): JobCall => ({
  ...{ type: 'model', queue: job.queue, args: { name: job.name }, maxAttempts: job.max, timeoutSeconds: 60 },
  ...(job.entwine !== null && { entwine: job.entwine }),
});
export const planOf = (object: number | null, priority: number, of: ModelJob[]): PipelinePlan => ({
  ...{ name: 'Model', description: 'model', jobs: of.map(call), priority },
  ...(object !== null && { object: { type: 'thing', id: object } }),
});

/** Stands at a job that is retried together with those before it. */
export const isInGroup = (p: ModelPipeline): boolean => p.open && p.cursor > 0 && p.job.entwine !== null;

/** What a runner once had and has again: it may take the old run for the new. */
const isMistakable = (claim: Claim): boolean =>
  !claim.pipeline.stands(claim) && claim.pipeline.status === 'in_process' && claim.pipeline.runner === claim.runner;

/** A claim some runner believes to have; it is kept now and then, so that the same is said twice. */
export function take(model: Model, which: number, again: boolean): Claim {
  const mistakable = (which * 13) % 1 < 0.3 ? model.claims.filter(isMistakable) : [];
  const mine = pick(mistakable.length > 0 ? mistakable : model.claims, which);
  if (!again) model.claims = model.claims.filter((other) => other !== mine);
  return mine;
}
