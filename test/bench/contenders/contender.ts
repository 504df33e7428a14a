import type { Load } from '../daemons/protocol.js';

/** One system under one setting, ready to be measured: how its database is made, filled, and seen to be done. */
export interface Contender {
  /** Name and version. */
  system: string;
  /** Its settings and, for chains, what keeps the order, in a few words for the table. */
  how: string;
  daemon: URL;
  daemonOptions: Record<string, string | number | boolean>;
  prepare: (url: string) => Promise<void>;
  /** Enqueues a load the quickest way the system offers. Job n of a pipeline has the payload { pipeline, job: n }. */
  enqueue: (url: string, load: Load) => Promise<void>;
  /** Opens a sender of single jobs, one at a time, for the latency. */
  sender: (url: string) => Promise<{ send: (pipeline: number) => Promise<void>; close: () => Promise<void> }>;
  /** SQL of one boolean column `recorded`: every job's end is in the database. */
  recorded: string;
}
