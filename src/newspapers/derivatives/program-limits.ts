/** What every outside program of a derivative is held to (newspapers W39). */
export interface ProgramLimits {
  signal?: AbortSignal;
  /** For each program run, not for the whole. */
  timeoutSeconds: number;
}

/** A broadsheet at 600 dpi takes the slowest of them half a minute; what takes this long hangs. */
export const PROGRAM_TIMEOUT_SECONDS = 15 * 60;
