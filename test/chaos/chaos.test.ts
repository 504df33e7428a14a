/** A short round of `npm run chaos`; long ones are run by hand: `npm run chaos -- --rounds 20`. */
import { expect, test } from 'vitest';
import { planOf } from './conductor.js';
import type { Fault } from './fault.js';
import { allFaults } from './faults/faults.js';
import { roundText } from './report.js';
import { round, undisturbed, type RoundOptions } from './round.js';
import { sweep } from './sweep.js';

const STRIKES_OF_EACH_SEED = 3;

const options = (seed: string): RoundOptions => ({
  ...{ seed, isWhole: true, lease: 6, log: () => undefined },
  hosts: ['chaos-host-1', 'chaos-host-2'],
  road: { tracks: 1, isLong: false },
});

test(
  'the road from upload to archive under fire ends in the same files, rows and loads as an undisturbed walk: nothing lost, stuck or doubled',
  { timeout: 600_000 },
  async () => {
    await sweep();
    const possible: Fault[] = [];
    for (const fault of allFaults) if ((await fault.impossible?.()) === undefined) possible.push(fault);
    const expected = await undisturbed(options('undisturbed'));

    // the same faults in every run, then others; none twice
    const seed = process.env['CHAOS_SEED'] ?? String(Date.now());
    const always = planOf('gate', possible, STRIKES_OF_EACH_SEED);
    const others = possible.filter((fault) => !always.some((planned) => planned.fault === fault));
    const plan = [...always, ...planOf(seed, others, STRIKES_OF_EACH_SEED)];
    const result = await round(options(seed), plan, expected);

    expect(result.problems, `CHAOS_SEED=${seed}: ${roundText(result)}`).toEqual([]);
    expect(result.strikes.length, roundText(result)).toBeGreaterThan(0);
  },
);
