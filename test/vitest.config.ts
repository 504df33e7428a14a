import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/tools.ts', 'test/support/postgres.ts'],
    pool: 'forks',
    maxWorkers: '100%', // vitest leaves a core idle, and most of our tests wait for programs
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
