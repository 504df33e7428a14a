/**
 * Runs blocking computation (hashing, PDF surgery, big XML) in worker threads: the event loop stays free, heartbeats
 * never stall (design 4).
 */
import { setMaxListeners } from 'node:events';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FatalError } from '../engine/job.js';
import type { Answer, Failure, Work } from './thread-entry.js';

const MOST_THREADS = Math.min(4, availableParallelism());
const IDLE_MS = 10_000;
/** A thread inside a system call that does not return (a dead mount) cannot be ended. */
const END_MS = 5_000;

/** A function was ended, with its thread, as it took too long. */
export class TookTooLong extends Error {
  override name = 'TookTooLong';
  constructor(exportName: string, timeoutSeconds: number) {
    super(`${exportName} took longer than ${timeoutSeconds} s`);
  }
}

/** Threads that are made and not ended, working or idle. */
const threads = new Set<Worker>();
const idle: { thread: Worker; timer: NodeJS.Timeout }[] = [];
const waiting: (() => void)[] = [];

/**
 * Calls an exported function of a module in a worker thread.
 *
 * Threads are made when needed (as many as there are cores, at most four), kept for ten idle seconds, and do not keep
 * the process alive when idle. The function may return a promise.
 *
 * @param module the module, e.g. `new URL('./hash-file.js', import.meta.url)`; run from source the `.ts` is meant
 * @param exportName the function to call with `input`; both `input` and its result are structured-cloned
 * @param signal when it aborts the thread is ended, and the call rejects with the signal's reason once it is gone
 * @param timeoutSeconds what the function may take, counted from when a thread begins it
 * @throws {TookTooLong}
 * @throws what the function throws: with its name and code, and a `FatalError` as such; other classes become `Error`
 */
export async function inThread<T>(
  module: URL,
  exportName: string,
  input: unknown,
  signal?: AbortSignal,
  timeoutSeconds?: number,
): Promise<T> {
  const thread = await takeThread(signal);
  try {
    const work: Work = { module: sourceOf(module).href, exportName, input };
    return (await ask(thread, work, signal, timeoutSeconds)) as T; // the caller knows what the function it named returns
  } finally {
    giveBack(thread);
  }
}

/** Ends all threads and whatever runs in them; the next call makes new ones. */
export async function closeThreads(): Promise<void> {
  await Promise.all([...threads].map(end));
}

async function takeThread(signal?: AbortSignal): Promise<Worker> {
  signal?.throwIfAborted();
  if (signal) setMaxListeners(0, signal); // one listener per page of a job is no leak
  while (idle.length === 0 && threads.size >= MOST_THREADS) {
    await turn(signal);
    if (signal?.aborted) wakeNext(); // the turn was for somebody who still wants it
    signal?.throwIfAborted();
  }
  const rested = idle.pop();
  if (!rested) return makeThread();
  clearTimeout(rested.timer);
  rested.thread.ref();
  return rested.thread;
}

/** Waits until a thread has become free, or there is room for a new one. */
function turn(signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    };
    const stop = () => {
      waiting.splice(waiting.indexOf(go), 1);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', stop, { once: true });
    waiting.push(go);
  });
}

function makeThread(): Worker {
  const thread = new Worker(sourceOf(new URL('./thread-entry.js', import.meta.url)), {
    execArgv: fromSource ? ['--import', tsxRegistration()] : [],
  });
  threads.add(thread);
  thread.on('error', () => undefined); // `ask` hears it too; in an idle thread it harms nobody
  thread.once('exit', () => dismiss(thread));
  return thread;
}

/** Hands the work to a thread and waits for its answer, its death, an abort, or the end of its time. */
function ask(thread: Worker, work: Work, signal?: AbortSignal, timeoutSeconds?: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: Answer) => {
      forget();
      if ('failure' in answer) reject(revived(answer.failure));
      else resolve(answer.value);
    };
    const onError = (error: Error) => {
      forget();
      reject(error);
    };
    const onExit = () => onError(new Error(`The thread ended before ${work.exportName} of ${work.module} did`));
    const stop = (reason: Error) => {
      forget();
      void end(thread).then(() => reject(reason));
    };
    const onAbort = () => stop(signal?.reason as Error);
    const onTimeout = (seconds: number) => stop(new TookTooLong(work.exportName, seconds));
    const timer =
      timeoutSeconds === undefined ? undefined : setTimeout(onTimeout, timeoutSeconds * 1000, timeoutSeconds);
    const forget = () => {
      clearTimeout(timer);
      thread.off('message', onAnswer).off('messageerror', onError).off('error', onError).off('exit', onExit);
      signal?.removeEventListener('abort', onAbort);
    };
    thread.on('message', onAnswer).on('messageerror', onError).on('error', onError).on('exit', onExit);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) {
      onAbort();
      return;
    }
    try {
      thread.postMessage(work);
    } catch (error) {
      onError(error as Error); // the input cannot be cloned
    }
  });
}

function revived({ name, message, stack, code }: Failure): Error {
  const error = name === 'FatalError' ? new FatalError(message) : Object.assign(new Error(message), { name });
  return Object.assign(error, stack !== undefined && { stack }, code !== undefined && { code });
}

function giveBack(thread: Worker): void {
  if (!threads.has(thread)) return; // it has ended
  thread.unref();
  idle.push({ thread, timer: setTimeout(() => void end(thread), IDLE_MS).unref() });
  wakeNext();
}

async function end(thread: Worker): Promise<void> {
  leaveIdle(thread); // nobody may take it while it ends
  await Promise.race([thread.terminate(), pause(END_MS, undefined, { ref: false })]);
  dismiss(thread);
}

function dismiss(thread: Worker): void {
  threads.delete(thread);
  leaveIdle(thread);
  wakeNext();
}

function leaveIdle(thread: Worker): void {
  const index = idle.findIndex((one) => one.thread === thread);
  if (index >= 0) clearTimeout(idle.splice(index, 1)[0]?.timer);
}

function wakeNext(): void {
  waiting.shift()?.();
}

const fromSource = import.meta.url.endsWith('.ts');

/** `--import tsx` itself does nothing for the imports of a worker thread: it trusts the main thread, which is vitest's. */
function tsxRegistration(): string {
  const api = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href.replace(/\.cjs$/, '.mjs');
  return `data:text/javascript,import { register } from ${JSON.stringify(api)}; register();`;
}

/** From source, `x.js` is written in imports and `x.ts` lies on the disk. */
function sourceOf(module: URL): URL {
  return fromSource ? new URL(module.href.replace(/\.js$/, '.ts')) : module;
}
