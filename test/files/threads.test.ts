import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { fileURLToPath } from 'node:url';
import { FatalError } from '../../src/engine/job.js';
import { runProgram } from '../../src/files/programs.js';
import { closeThreads, inThread, TookTooLong } from '../../src/files/threads.js';

const work = new URL('./thread-work.ts', import.meta.url);
afterAll(() => closeThreads());
afterEach(() => vi.useRealTimers());

describe('work in a thread', () => {
  test('gives back what the function returns, from TypeScript source with its own imports', async () => {
    expect(await inThread(work, 'double', 21)).toBe(42);
    expect(await inThread(new URL('./thread-work.js', import.meta.url), 'doubleLater', 4)).toBe(8);
  });

  test('throws what the function throws', async () => {
    await expect(inThread(work, 'fail', 'the page is broken')).rejects.toThrow('the page is broken');
    expect(await inThread(work, 'double', 1)).toBe(2);
  });

  test('throws it with its code; a FatalError stays one', async () => {
    await expect(inThread(work, 'failLike', 'system')).rejects.toMatchObject({ message: 'no space', code: 'ENOSPC' });
    const fatal = inThread(work, 'failLike', 'fatal');
    await expect(fatal).rejects.toBeInstanceOf(FatalError);
    await expect(fatal).rejects.toThrow('the PDF is broken');
    await expect(inThread(work, 'failLike', 'text')).rejects.toThrow('text');
  });

  test('says when there is no such function or module, and when something cannot be sent', async () => {
    await expect(inThread(work, 'nothing', 1)).rejects.toThrow(/thread-work\.ts exports no function nothing/);
    await expect(inThread(new URL('./none.js', import.meta.url), 'x', 1)).rejects.toThrow(/none\.ts/);
    await expect(inThread(work, 'double', () => 1)).rejects.toThrow('could not be cloned');
    await expect(inThread(work, 'unsendable', 1)).rejects.toThrow('the result cannot be sent between threads');
    expect(await inThread(work, 'double', 1)).toBe(2);
  });

  test('fails when its thread dies; the next has another thread', async () => {
    await expect(inThread(work, 'die', 1)).rejects.toThrow(/The thread ended before die of .* did/);
    expect(await inThread(work, 'double', 1)).toBe(2);
  });

  test('runs beside the event loop and beside other work', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => inThread<number>(work, 'double', i)));
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i));
  });

  test('a blocked thread ends at abort, with the reason, and is gone by then', async () => {
    const turns = new Int32Array(new SharedArrayBuffer(4));
    const abort = new AbortController();
    const endless = inThread(work, 'spin', turns, abort.signal);
    endless.catch(() => undefined);
    while (Atomics.load(turns, 0) === 0) await new Promise(setImmediate);
    const reason = new Error('the lease is lost');
    abort.abort(reason);
    await expect(endless).rejects.toBe(reason);
    const before = Atomics.load(turns, 0);
    expect(await inThread(work, 'double', 2)).toBe(4);
    expect(Atomics.load(turns, 0)).toBe(before);
  });

  test('an abort amid answers that come and go harms nobody', async () => {
    for (let round = 0; round < 10; round++) {
      const abort = new AbortController();
      const reason = new Error('enough');
      const stopAfterOne = async (value: number) => {
        await inThread(work, 'double', value, abort.signal);
        abort.abort(reason);
      };
      const outcomes = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => stopAfterOne(i)));
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBe(reason);
      expect(await inThread(work, 'double', 2)).toBe(4);
    }
  }, 180_000); // twenty threads are made, each of which loads the sources

  test('what waits for a thread leaves the queue at abort; what is aborted already never starts', async () => {
    const turns = new Int32Array(new SharedArrayBuffer(4));
    const stop = new AbortController();
    const blockers = Array.from({ length: 16 }, () =>
      inThread(work, 'spin', new Int32Array(new SharedArrayBuffer(4)), stop.signal),
    );
    const waiting = new AbortController();
    const queued = inThread(work, 'spin', turns, waiting.signal);
    waiting.abort(new Error('cancelled'));
    await expect(queued).rejects.toThrow('cancelled');
    stop.abort(new Error('enough'));
    expect((await Promise.allSettled(blockers)).every(({ status }) => status === 'rejected')).toBe(true);
    await expect(inThread(work, 'spin', turns, stop.signal)).rejects.toThrow('enough');
    expect(Atomics.load(turns, 0)).toBe(0);
  });
});

describe('a time limit', () => {
  test('ends the thread of what takes longer, and names it', async () => {
    const turns = new Int32Array(new SharedArrayBuffer(4));
    const endless = inThread(work, 'spin', turns, undefined, 0.2);
    await expect(endless).rejects.toBeInstanceOf(TookTooLong);
    await expect(endless).rejects.toThrow('spin took longer than 0.2 s');
    const before = Atomics.load(turns, 0);
    expect(await inThread(work, 'double', 2)).toBe(4);
    expect(Atomics.load(turns, 0)).toBe(before);
  });

  test('does not run while a call waits for a thread', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldClearNativeTimers: true }); // no stall of this process uses the time up
    const seconds = 600;
    const gate = new Int32Array(new SharedArrayBuffer(8));
    const blockers = Array.from({ length: 16 }, () => inThread(work, 'waitAt', gate));
    const queued = inThread(work, 'double', 21, undefined, seconds);
    queued.catch(() => undefined);
    while (Atomics.load(gate, 1) === 0) await new Promise(setImmediate);
    vi.advanceTimersByTime(seconds * 1000); // what it may take is over before it begins
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    expect(await queued).toBe(42);
    await Promise.all(blockers);
  });
});

describe('a process with idle threads', () => {
  test('ends by itself, from source and without closing anything', async () => {
    const threads = new URL('../../src/files/threads.ts', import.meta.url).href;
    const script = `import { inThread } from ${JSON.stringify(threads)};
      console.log(await inThread(new URL(${JSON.stringify(work.href)}), 'double', 4));`;
    const tsx = ['--import', 'tsx', '--input-type=module', '-e', script];
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const { stdout } = await runProgram(process.execPath, tsx, { timeoutSeconds: 50, cwd });
    expect(stdout).toBe('8\n');
  });
});
