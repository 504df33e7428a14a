/**
 * Tells one run to stop. Its `AbortSignal` is made when the job asks for it: a short job rarely does, and making one,
 * listening to it and collecting it costs as much as everything else that a runner does for a job (measured).
 */
export class StopOrder {
  private controller: AbortController | undefined;
  private given: Error | undefined;
  private listener: (() => void) | undefined;

  /** Why the run must stop; undefined as long as it may go on. */
  get reason(): Error | undefined {
    return this.given;
  }

  /** The same order for whoever takes a signal: the job, its child processes. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.given) this.controller.abort(this.given);
    }
    return this.controller.signal;
  }

  /** The first reason stays. */
  give(reason: Error): void {
    if (this.given) return;
    this.given = reason;
    this.controller?.abort(reason);
    this.listener?.();
  }

  /** Calls the listener when the order is given, at once if it has been; there is one listener. */
  onGiven(listener: (() => void) | undefined): void {
    this.listener = listener;
    if (this.given) listener?.();
  }
}
