import { makeWorkerUtils, runMigrations, type AddJobsJobSpec } from 'graphile-worker';
import type { Contender } from './contender.js';
import { installedVersion } from './installed-version.js';
import { inParts, stepsOf, type Insertion } from './steps.js';

export interface GraphileWorkerOptions {
  concurrency: number;
  /** Size of the local queue; 0: none. */
  localQueue: number;
  /** Milliseconds that finished jobs wait for company; -1: each is recorded by itself. */
  batchDelay: number;
  insertion?: Insertion;
}

/** A chain is a named queue per pipeline, its documented way to run jobs one after the other. */
export const graphileWorker = ({ insertion, ...options }: GraphileWorkerOptions): Contender => ({
  system: `graphile-worker ${installedVersion('graphile-worker')}`,
  how: [
    options.localQueue > 0 ? `local queue ${options.localQueue}` : 'no local queue',
    options.batchDelay >= 0 ? 'batched completion' : 'no batching',
    `${options.concurrency} at once`,
    ...(insertion ? [`a named queue per pipeline, inserted by ${insertion}`] : []),
  ].join(', '),
  daemon: new URL('../daemons/graphile-worker.ts', import.meta.url),
  daemonOptions: { ...options },
  prepare: (url) => runMigrations({ connectionString: url }),
  enqueue: async (url, load) => {
    const utils = await makeWorkerUtils({ connectionString: url });
    for (const part of inParts(stepsOf(load, insertion ?? 'pipelines'), 5000))
      await utils.addJobs(
        part.map((payload): AddJobsJobSpec => ({
          identifier: 'noop',
          payload,
          ...(load.kind === 'chains' && { queueName: `pipeline ${payload.pipeline}` }),
        })),
      );
    await utils.release();
  },
  sender: async (url) => {
    const utils = await makeWorkerUtils({ connectionString: url });
    return {
      send: async (pipeline) => {
        await utils.addJob('noop', { pipeline, job: 1 });
      },
      close: async () => {
        await utils.release();
      },
    };
  },
  recorded: 'select not exists (select from graphile_worker._private_jobs) as recorded',
});
