/** Why a run is told to stop: the reason of its abort signal. What is done with the run depends on it. */
export class JobTimeout extends Error {
  override name = 'JobTimeout';
}
/** The pipeline was cancelled, moved or rescued, or the lease ran out: somebody else may have it, nothing more may be said about it. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}
/** The runner stops: the job goes back to pending, no failure is counted. */
export class ShuttingDown extends Error {
  override name = 'ShuttingDown';
}
