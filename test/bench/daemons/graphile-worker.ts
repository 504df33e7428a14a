/** graphile-worker with its local queue and batched completion. */
import { Logger, run as startWorker } from 'graphile-worker';
import { serve } from './daemon.js';
import type { Step } from './protocol.js';

serve(async ({ url, options }, run) => {
  process.env.NO_LOG_SUCCESS = '1';
  const concurrentJobs = Number(options.concurrency);
  const runner = await startWorker({
    preset: {
      worker: {
        connectionString: url,
        concurrentJobs,
        maxPoolSize: Math.max(10, concurrentJobs + 2), // its documented advice
        ...(options.localQueue ? { localQueue: { size: Number(options.localQueue) } } : {}),
        completeJobBatchDelay: Number(options.batchDelay),
        failJobBatchDelay: Number(options.batchDelay),
      },
    },
    logger: new Logger(() => () => undefined),
    noHandleSignals: true,
    taskList: { noop: (payload) => run(payload as Step) }, // as enqueued
  });
  return () => runner.stop();
});
