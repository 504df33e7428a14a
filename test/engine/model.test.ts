/**
 * Random programs of everything that can happen to pipelines, run against the real statements and against a small model,
 * compared row by row after each step. MODEL_SEED=… (and MODEL_PATH=… as printed at a failure) replays one, MODEL_RUNS=… runs more;
 * MODEL_MUTANTS=all tries every way to break the engine instead of some, MODEL_MUTANTS=0/3 a third of them,
 * MODEL_MUTANTS='a goto|a skip' those whose names match.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commands } from './model/commands.js';
import { Model } from './model/model.js';
import { FUNCTION_MUTANTS, STATEMENT_MUTANTS, type NamedMutant } from './model/mutants.js';
import { Real, type Mutant } from './model/real.js';
import { rows, useDatabase } from './support.js';

const own = useDatabase();
const { MODEL_SEED, MODEL_PATH, MODEL_RUNS, MODEL_MUTANTS } = process.env;

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
        maxCommands: 400,
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
      interruptAfterTimeLimit: 40_000 + options.runs * 4_000,
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

/** Under load; each takes seconds. */
const LONG = 300_000;

describe('the model notices', () => {
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(MODEL_MUTANTS ?? '') ?? [];
  const tried = (mutant: NamedMutant, i: number) =>
    parts !== undefined
      ? i % Number(parts) === Number(part)
      : MODEL_MUTANTS === undefined
        ? mutant.gate === true
        : MODEL_MUTANTS === 'all' || new RegExp(MODEL_MUTANTS).test(mutant.what);
  test.each(STATEMENT_MUTANTS.filter(tried))('$what', (mutant) => noticed(mutant.what, mutant), LONG);

  test.each(FUNCTION_MUTANTS.filter(tried))(
    '$what',
    async ({ what, statement, from, to }) => {
      const [defined] = await rows<{ text: string }>(own, 'select pg_get_functiondef($1::regproc) as text', [
        statement,
      ]);
      if (!defined?.text.includes(from)) throw new Error(`${statement} no longer says "${from}"`);
      try {
        await rows(own, defined.text.replace(from, to));
        await noticed(what);
      } finally {
        await rows(own, defined.text);
      }
    },
    LONG,
  );
});

async function noticed(what: string, mutant?: Mutant): Promise<void> {
  const { failed, numRuns, steps, errorInstance } = await compared({
    ...{ runs: Number(MODEL_RUNS ?? 60), seed: 7, shrink: false },
    ...(mutant && { mutant }),
  });
  console.info(`noticed after ${numRuns} programs, ${steps} steps: ${what}`);
  expect(failed).toBe(true);
  // Noticed by the model, or by a constraint of the tables; anything else is a mistake in the mutant, such as no SQL.
  const { name, code } = errorInstance as { name: string; code?: string };
  expect(name === 'AssertionError' || code?.startsWith('23'), String(errorInstance)).toBe(true);
}
