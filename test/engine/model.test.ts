/**
 * Random programs of everything that can happen to pipelines, run against the real statements and against a small model,
 * compared row by row after each step. MODEL_SEED=… (and MODEL_PATH=… as printed at a failure) replays one, MODEL_RUNS=… runs more.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commands } from './model/commands.js';
import { Model } from './model/model.js';
import { Real, type Mutant } from './model/real.js';
import { rows, useDatabase } from './support.js';

const own = useDatabase();
const { MODEL_SEED, MODEL_PATH, MODEL_RUNS } = process.env;

/** Random programs until one shows a difference between engine and model, or all have run. */
async function compared(options: { runs: number; seed: number; mutant?: Mutant; path?: string; shrink: boolean }) {
  let steps = 0;
  const counted = commands.map((command): typeof command => ({
    ...command,
    run: async (model, real) => {
      steps++;
      await command.run(model, real);
    },
  }));
  const details = await fc.check(
    fc.asyncProperty(
      fc.commands([counted], {
        maxCommands: 200,
        size: 'max',
      }),
      async (program) => {
        const real = new Real(own, options.mutant);
        await real.reset();
        const model = new Model();
        for (let i = 0; i < 2; i++) model.runners.push(await real.newRunner());
        await fc.asyncModelRun(() => ({ model, real }), program);
      },
    ),
    {
      numRuns: options.runs,
      seed: options.seed,
      endOnFailure: !options.shrink,
      ...(options.path !== undefined && { path: options.path }),
      interruptAfterTimeLimit: 40_000 + options.runs * 2_000,
    },
  );
  return { ...details, steps };
}

test('whatever happens, in whatever order, the rows say what the model says', async () => {
  const seed = MODEL_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(MODEL_SEED);
  const details = await compared({
    runs: Number(MODEL_RUNS ?? 40),
    seed,
    shrink: true,
    ...(MODEL_PATH !== undefined && { path: MODEL_PATH }),
  });
  console.info(`model: seed ${seed}, ${details.numRuns} programs, ${details.steps} steps`);
  if (details.failed)
    throw new Error(
      JSON.stringify({
        seed: details.seed,
        path: details.counterexamplePath,
        program: details.counterexample?.map((commands) => [...commands].map((command) => command.toString())),
      }),
      { cause: details.errorInstance },
    );
  expect(details.steps).toBeGreaterThan(1000);
}, 3_600_000);

describe('the model notices', () => {
  const statements: [what: string, statement: string, from: string, to: string][] = [
    ['a finish that is not fenced by the epoch', 'pressmark_finish', 'and p.epoch = f.epoch', ''],
    [
      'a finish that swallows an answer',
      'pressmark_finish',
      'p.decision_rev is distinct from f.seen_rev as unseen',
      'false as unseen',
    ],
    ['a finish that keeps a pipeline without room', 'pressmark_finish', '<= coalesce(room.free, 0)', '<= 9'],
    [
      'a hold that swallows an answer',
      'pressmark_hold',
      'p.decision_rev is distinct from $5::int as unseen',
      'false as unseen',
    ],
    [
      'a hold that renumbers an open question',
      'pressmark_hold',
      'p.hold_action = $7 as still_open',
      'false as still_open',
    ],
    ['a failure that is not fenced by the epoch', 'pressmark_fail', 'p.epoch = $3 and', ''],
    [
      'a claim that does not look at the priority',
      'pressmark_claim',
      'order by priority, run_at, id',
      'order by run_at, id',
    ],
  ];
  for (const [what, statement, from, to] of statements) test(what, () => noticed(what, { statement, from, to }));

  const functions: [string, string, string, string][] = [
    ['a rescue that does not fence off the dead', 'rescue_pipelines', 'epoch = p.epoch + 1', 'epoch = p.epoch'],
    ['a goto that leaves old forms valid', 'void_question', 'hold_rev = hold_rev + 1', 'hold_rev = hold_rev'],
    ['an edit by hand that does not fence off the runner', 'pipelines_edited_by_hand', 'old.epoch + 1', 'old.epoch'],
    ['a requeue that forgets the group', 'requeue_pipeline', 'or entwine = grp', 'or false'],
  ];
  for (const [what, name, from, to] of functions)
    test(what, async () => {
      const [defined] = await rows<{ text: string }>(own, 'select pg_get_functiondef($1::regproc) as text', [name]);
      if (!defined?.text.includes(from)) throw new Error(`${name} no longer says "${from}"`);
      try {
        await rows(own, defined.text.replace(from, to));
        await noticed(what);
      } finally {
        await rows(own, defined.text);
      }
    });
});

async function noticed(what: string, mutant?: Mutant): Promise<void> {
  const { failed, numRuns, steps } = await compared({ runs: 100, seed: 7, ...(mutant && { mutant }), shrink: false });
  console.info(`noticed after ${numRuns} programs, ${steps} steps: ${what}`);
  expect(failed).toBe(true);
}
