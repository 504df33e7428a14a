/** What threads.test.ts runs in threads. */
import { parseDuration } from '../../src/engine/duration.js';
import { FatalError } from '../../src/engine/job.js';

export const double = (value: number): number => 2 * value * parseDuration('1 s');

export const doubleLater = async (value: number): Promise<number> => Promise.resolve(2 * value);

export function fail(message: string): never {
  throw new Error(message);
}

/** Throws as file operations and jobs do. */
export function failLike(kind: 'system' | 'fatal' | 'text'): never {
  if (kind === 'system') throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  if (kind === 'fatal') throw new FatalError('the PDF is broken');
  throw kind; // eslint-disable-line @typescript-eslint/only-throw-error
}

export const unsendable = (): unknown => ({ method: () => 1 });

/** Ends the thread before it has answered. */
export const die = (): never => process.exit(3);

/** Never ends, never yields; counts its turns. */
export function spin(turns: Int32Array): never {
  for (;;) Atomics.add(turns, 0, 1);
}

/** Blocks its thread until the gate is opened; its second number counts who came. */
export function waitAt(gate: Int32Array<SharedArrayBuffer>): void {
  Atomics.add(gate, 1, 1);
  Atomics.wait(gate, 0, 0);
}

/** Never ends, whatever it is given. */
export function hang(): never {
  for (;;);
}
