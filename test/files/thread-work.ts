/** What threads.test.ts runs in threads. */
import { parseDuration } from '../../src/engine/duration.js';

export const double = (value: number): number => 2 * value * parseDuration('1 s');

export const doubleLater = async (value: number): Promise<number> => Promise.resolve(2 * value);

export function fail(message: string): never {
  throw new Error(message);
}

/** Never ends, never yields; counts its turns. */
export function spin(turns: Int32Array): never {
  for (;;) Atomics.add(turns, 0, 1);
}

/** Says that it is about to end, and ends. */
export function signalAndEnd(ended: Int32Array): number {
  return Atomics.add(ended, 0, 1) + 1;
}
