/** Pressmark's runner as `run-jobs watch` sets it up, with one wide lane. */
import pino from 'pino';
import { z } from 'zod';
import { connectDatabase, createRegistry, defineJob, loadSettings, Runner } from '../product.js';
import { serve } from './daemon.js';

serve(async ({ url, options }, run) => {
  const noop = defineJob({
    type: 'bench_noop',
    queue: 'fast',
    timeout: '1 min',
    args: z.object({ pipeline: z.number(), job: z.number() }),
    run: async ({ args }) => {
      await run(args);
      return undefined;
    },
  });
  const settings = loadSettings({ env: {} });
  const database = connectDatabase({
    connectionString: url,
    applicationName: 'run-jobs',
    maxConnections: 40,
    runnerLeaseSeconds: settings.RUNNER_LEASE,
  });
  const runner = new Runner({
    database,
    listenOn: url,
    registry: createRegistry({ jobs: [noop] }),
    settings,
    log: pino({ level: 'info' }, pino.destination('/dev/null')),
    queues: { ...settings.QUEUES, fast: Number(options.width) },
    version: 'bench',
  });
  await runner.start();
  return async () => {
    await runner.stop(10);
    await database.close();
  };
});
