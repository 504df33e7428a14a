import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest first: begun last, one of them would run alone at the end while the other cores have nothing to do. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const long = /\/test\/((end-to-end|cli|chaos|coordination)\/|engine\/(crash|model|outage)\.)/;
    const isLong = (file: TestSpecification) => (long.test(file.moduleId) ? 1 : 0);
    return (await super.sort(files)).sort((a, b) => isLong(b) - isLong(a));
  }
}

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // kill -9 at every moment of every job takes ten minutes: KILL_EVERY=1. Random moments are in chaos.test.ts
    exclude: process.env['KILL_EVERY'] === undefined ? ['test/end-to-end/kill-every-job.test.ts'] : [],
    globalSetup: ['test/support/tools.ts', 'test/support/postgres.ts'],
    pool: 'forks',
    maxWorkers: 2 * availableParallelism(), // most of our tests wait: for programs, leases, expiries
    sequence: { sequencer: LongestFirst },
    testTimeout: 180_000, // for a hang: what takes ten seconds here may take a minute on a machine that has other work
    hookTimeout: 120_000,
  },
});
