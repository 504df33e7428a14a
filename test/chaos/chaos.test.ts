/** Short rounds of `npm run chaos`; long ones are run by hand: `npm run chaos -- --rounds 20`. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from './fault.js';
import { allFaults } from './faults/faults.js';
import type { Outcome } from './outcome.js';
import { roundText } from './report.js';
import { round, undisturbed, type RoundOptions } from './round.js';
import { sweep } from './sweep.js';

const STRIKES = 6;

const options = (seed: string): RoundOptions => ({
  ...{ seed, isWhole: true, lease: 6, log: () => undefined },
  hosts: ['chaos-host-1', 'chaos-host-2'],
  road: { tracks: 1, isLong: false },
});

describe('chaos: the road from upload to archive while everything around it breaks', () => {
  let expected: Outcome;
  const possible: Fault[] = [];

  beforeAll(async () => {
    await sweep();
    for (const fault of allFaults) if ((await fault.impossible?.()) === undefined) possible.push(fault);
    expected = await undisturbed(options('undisturbed'));
  }, 300_000);

  test.each([process.env['CHAOS_SEED'] ?? 'gate', `random ${Date.now()}`])(
    'ends in the same files, rows and loads as an undisturbed walk, nothing lost, stuck or doubled (seed %s)',
    { timeout: 600_000 },
    async (seed) => {
      const result = await round(options(seed), possible, STRIKES, expected);
      expect(result.problems, roundText(result)).toEqual([]);
      expect(result.strikes.length, roundText(result)).toBeGreaterThan(0);
    },
  );
});
