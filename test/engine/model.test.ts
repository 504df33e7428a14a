/**
 * Random programs of everything that can happen to pipelines, run against the real statements and against a small model,
 * compared row by row after each step. MODEL_SEED=… (and MODEL_PATH=… as printed at a failure) replays one, MODEL_RUNS=… runs more.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commands } from './model/commands.js';
import { Model } from './model/model.js';
import { Real, type Mutant } from './model/real.js';
import { useDatabase } from './support.js';

const own = useDatabase();
const { MODEL_SEED, MODEL_PATH, MODEL_RUNS } = process.env;

/** Random programs until one shows a difference between engine and model, or all have run. */
async function compared(options: { runs: number; seed: number; mutant?: Mutant; path?: string; shrink: boolean }) {
  let steps = 0;
  const details = await fc.check(
    fc.asyncProperty(
      fc.commands([commands.map((c) => ({ ...c, run: (m, r) => (steps++, c.run(m, r)) }))], {
        maxCommands: 200,
        size: 'max',
      }),
      async (program) => {
        const real = new Real(own, options.mutant);
        await real.reset();
        const model = new Model();
        for (let i = 0; i < 3; i++) model.runners.push(await real.newRunner());
        await fc.asyncModelRun(() => ({ model, real }), program);
      },
    ),
    {
      numRuns: options.runs,
      seed: options.seed,
      endOnFailure: !options.shrink,
      ...(options.path !== undefined && { path: options.path }),
      interruptAfterTimeLimit: 120_000,
    },
  );
  return { ...details, steps };
}

test('whatever happens, in whatever order, the rows say what the model says', async () => {
  const seed = MODEL_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(MODEL_SEED);
  const details = await compared({
    runs: Number(MODEL_RUNS ?? 25),
    seed,
    shrink: true,
    ...(MODEL_PATH !== undefined && { path: MODEL_PATH }),
  });
  console.info(`model: seed ${seed}, ${details.numRuns} programs, ${details.steps} steps`);
  if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  expect(details.steps).toBeGreaterThan(1000);
}, 180_000);

describe('the model notices', () => {
  const mutants: [string, Mutant][] = [
    ['a finish that is not fenced by the epoch', (text) => text.replace('and f.epoch = p.epoch', '')],
    [
      'a finish that swallows an answer',
      (text) => text.replace('p.decision_rev is distinct from f.seen_rev as unseen', 'false as unseen'),
    ],
    ['a finish that keeps a pipeline without room', (text) => text.replace('<= coalesce(room.free, 0)', '<= 9')],
    [
      'a hold that swallows an answer',
      (text) => text.replace('p.decision_rev is distinct from $5::int as unseen', 'false as unseen'),
    ],
    [
      'a hold that renumbers an open question',
      (text) =>
        text.replace(
          'p.hold_action is not null and p.decision_rev is null and p.hold_action = $7 as still_open',
          'false as still_open',
        ),
    ],
    [
      'a failure that is not fenced by the epoch',
      (text) => (text.includes("'failed_attempt'") ? text.replace('p.epoch = $3 and', '') : text),
    ],
    [
      'a claim that does not look at the priority',
      (text) => text.replace('order by priority, run_at, id', 'order by run_at, id'),
    ],
  ];
  for (const [what, mutant] of mutants)
    test(
      what,
      async () => {
        const { failed, numRuns, steps } = await compared({ runs: 60, seed: 7, mutant, shrink: false });
        console.info(`noticed after ${numRuns} programs, ${steps} steps: ${what}`);
        expect(failed).toBe(true);
      },
      180_000,
    );
});
