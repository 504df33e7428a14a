/**
 * How a run ended, for figures. `later`: the job asked to be tried later; `locked`: a lock was not to be had, or was lost;
 * `retried`: it failed and is run again; `failed`: it failed for good; `stopped`: shutdown, or its pipeline was taken away.
 */
export const RUN_ENDS = ['done', 'held', 'later', 'locked', 'retried', 'failed', 'stopped', 'unknown_type'] as const;
export type RunEnd = (typeof RUN_ENDS)[number];

/** Who counts what a runner does. Called on the hot path: must be quick, must not throw, decides nothing. */
export interface RunnerObserver {
  /** A run has ended and its end is recorded. */
  runEnded: (type: string, end: RunEnd, seconds: number) => void;
  /** A round of the poll is over; not `answered`: the database did not, and the next round tries again. */
  polled: (answered: boolean) => void;
  /** This runner gave the work of dead runners back. */
  rescued: (pipelines: number) => void;
  /** The database was out of reach for most of the lease: all work was aborted. */
  leaseLost: () => void;
}
