/** Runs blocking computation (hashing, PDF surgery, big XML) in worker threads: the event loop stays free, heartbeats never stall (design 4). */
import { setMaxListeners } from 'node:events';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { Piscina } from 'piscina';

const MOST_THREADS = 4;
const IDLE_MS = 10_000;

let pool: Promise<Piscina> | undefined;

/**
 * Calls an exported function of a module in a worker thread.
 *
 * Threads are made when needed (as many as there are cores, at most four), kept for ten idle seconds, and do not keep
 * the process alive. The function may return a promise.
 *
 * @param module the module, e.g. `new URL('./hash-file.js', import.meta.url)`; in source the `.ts` beside it is meant
 * @param exportName the function to call with `input`; both `input` and its result are structured-cloned
 * @param signal when it aborts the thread is ended, and the call rejects with the signal's reason once it is gone
 * @throws what the function throws
 */
export async function inThread<T>(module: URL, exportName: string, input: unknown, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  const threads = await (pool ??= startPool());
  signal?.throwIfAborted();
  if (signal) setMaxListeners(0, signal); // one listener per page of a job is no leak
  let aborted: Worker[] = [];
  const remember = () => (aborted = [...threads.threads]);
  signal?.addEventListener('abort', remember, { once: true }); // before the pool's own listener, which ends the thread
  try {
    return (await threads.run(input, {
      filename: sourceOf(module).href,
      name: exportName,
      ...(signal && { signal }),
    })) as T; // the caller knows what the function it named returns
  } catch (error) {
    if (!signal?.aborted) throw error;
    const ended = aborted.filter((thread) => !threads.threads.includes(thread));
    await Promise.all(ended.map((thread) => thread.terminate())); // resolves when the thread is gone
    throw signal.reason;
  } finally {
    signal?.removeEventListener('abort', remember);
  }
}

type Worker = Piscina['threads'][number];

/** Ends all threads and whatever runs in them; the next call starts new ones. */
export async function closeThreads(): Promise<void> {
  const closing = pool;
  pool = undefined;
  await (await closing)?.destroy();
}

const fromSource = import.meta.url.endsWith('.ts');

async function startPool(): Promise<Piscina> {
  const { Piscina } = await import('piscina'); // lazily: not every command needs it
  return new Piscina({
    minThreads: 0,
    maxThreads: Math.min(MOST_THREADS, availableParallelism()),
    idleTimeout: IDLE_MS,
    execArgv: fromSource ? ['--import', tsxRegistration()] : [],
  });
}

/** `--import tsx` itself does nothing for the imports of a worker thread: it trusts the main thread, which is vitest's. */
function tsxRegistration(): string {
  const api = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href.replace(/\.cjs$/, '.mjs');
  return `data:text/javascript,import { register } from ${JSON.stringify(api)}; register();`;
}

/** From source, `x.js` is written in imports and `x.ts` lies on the disk. */
function sourceOf(module: URL): URL {
  return fromSource ? new URL(module.href.replace(/\.js$/, '.ts')) : module;
}
