import { expect, test } from 'vitest';
import { atOnce } from '../../src/files/at-once.js';

const turn = () => new Promise(setImmediate);

test('keeps to its width and gives results in order', async () => {
  let [now, most] = [0, 0];
  const results = await atOnce(3, [5, 1, 4, 2, 3, 0], async (turns) => {
    most = Math.max(most, ++now);
    for (let i = 0; i < turns; i++) await turn();
    now--;
    return turns * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30, 0]);
  expect(most).toBe(3);
});

test('the first failure aborts the others, starts no more, and is thrown when all have ended', async () => {
  const log: string[] = [];
  const failure = atOnce(2, ['slow', 'fails', 'never'], async (item, signal) => {
    log.push(item);
    await turn();
    if (item === 'fails') throw new Error('the page is broken');
    while (!signal.aborted) await turn();
    await turn();
    log.push('slow has ended');
  });
  await expect(failure).rejects.toThrow('the page is broken');
  expect(log).toEqual(['slow', 'fails', 'slow has ended']);
});

test('an abort from outside is thrown with its reason', async () => {
  const abort = new AbortController();
  const reason = new Error('shutdown');
  const stop = () => {
    abort.abort(reason);
    return Promise.resolve();
  };
  const work = atOnce(1, [1, 2], stop, abort.signal);
  await expect(work).rejects.toBe(reason);
});
