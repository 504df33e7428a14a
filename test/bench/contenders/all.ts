import type { Contender } from './contender.js';
import { graphileWorker } from './graphile-worker.js';
import { pgBoss } from './pg-boss.js';
import { pressmark } from './pressmark.js';

/** Each at the settings that were quickest here (graphile-worker: 12, 24, 48, 96 at once; pg-boss: 1, 2, 4, 8 workers). */
const PEERS = {
  graphileWorker: { concurrency: 24, localQueue: 500, batchDelay: 0 },
  pgBoss: { workers: 4, batch: 500 },
} as const;

export const forSingles = (width: number): Contender[] => [
  pressmark(width),
  graphileWorker(PEERS.graphileWorker),
  pgBoss(PEERS.pgBoss),
];

export const forChains = (width: number): Contender[] => [
  pressmark(width),
  graphileWorker({ ...PEERS.graphileWorker, insertion: 'pipelines' }),
  graphileWorker({ ...PEERS.graphileWorker, insertion: 'ranks' }),
  pgBoss({ workers: 1, batch: 500, chain: 'singleton' }), // two workers deadlock each other and the process ends
  pgBoss({ workers: 4, batch: 500, chain: 'handler' }),
  pgBoss({ workers: 1, batch: 500, chain: 'handler' }),
];

/** On an idle machine with ordinary settings, each as quick to react as it can be told to be. */
export const forLatency = (): Contender[] => [
  pressmark(4),
  graphileWorker({ concurrency: 4, localQueue: 0, batchDelay: -1 }),
  pgBoss({ workers: 4, batch: 1 }),
];
