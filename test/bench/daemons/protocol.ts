/** What the bench and a contender's daemon say to each other: each daemon is a process of its own, as in life. */

/** What is to be run. Chains are pipelines whose jobs must run one after the other, in order. */
export type Load = { kind: 'singles'; count: number } | { kind: 'chains'; pipelines: number; depth: number };

/** The payload of every job: which pipeline (from 0), which job of it (from 1). */
export interface Step {
  pipeline: number;
  job: number;
}

export interface Start {
  kind: 'start';
  url: string;
  load: Load;
  /** Each job takes a random time up to twice this, so that jobs that may overlap do. 0: a no-op. */
  workMs: number;
  /** Report the start of every job (latency), not only the end of all. */
  echo: boolean;
  options: Record<string, string | number | boolean>;
}

/** `pause`: stop taking work, wait for another start. */
export type ToDaemon = Start | { kind: 'pause' } | { kind: 'stop' };

export type FromDaemon =
  | { kind: 'loaded' }
  | { kind: 'taking' }
  | { kind: 'paused' }
  /** `at`: nanoseconds of the monotonic clock, the same in all processes. */
  | { kind: 'started'; pipeline: number; at: string }
  | ({ kind: 'ran' } & Ran)
  | { kind: 'stopped'; cpuSeconds: number; rssMegabytes: number };

/** All expected jobs have run; how well their order was kept. */
export interface Ran {
  runs: number;
  outOfOrder: number;
  /** Jobs that began while another of their pipeline was running. */
  overlapping: number;
}

export const jobsOf = (load: Load): number => (load.kind === 'singles' ? load.count : load.pipelines * load.depth);
