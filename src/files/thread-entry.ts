/** Runs in each thread of `threads.ts`: does one piece of work after the other. */
import { parentPort } from 'node:worker_threads';

/** What a thread is asked to do. */
export interface Work {
  module: string;
  exportName: string;
  input: unknown;
}

/** What was thrown, as plain data: cloning an error loses its name, its code, and the message of some of Node's own. */
export interface Failure {
  name: string;
  message: string;
  stack: string | undefined;
  code: string | undefined;
}

export type Answer = { value: unknown } | { failure: Failure };

const port = parentPort;
if (!port) throw new Error('thread-entry runs only in a thread');

port.on('message', (work: Work) => {
  perform(work).then(
    (value) => post({ value }),
    (error: unknown) => post(failed(error)),
  );
});

async function perform({ module, exportName, input }: Work): Promise<unknown> {
  const exports = (await import(module)) as Record<string, unknown>;
  const work = exports[exportName];
  if (!isFunction(work)) throw new TypeError(`${module} exports no function ${exportName}`);
  return work(input);
}

function isFunction(value: unknown): value is (input: unknown) => unknown {
  return typeof value === 'function';
}

function failed(thrown: unknown): Answer {
  const error: NodeJS.ErrnoException = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { failure: { name: error.name, message: error.message, stack: error.stack, code: error.code } };
}

function post(answer: Answer): void {
  try {
    port?.postMessage(answer);
  } catch (error) {
    port?.postMessage(failed(new Error(`the result cannot be sent between threads: ${String(error)}`)));
  }
}
