/** The contract of progress, kept by both stores alike; and what a job's reports become. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { jobProgress, type ProgressReport, type ProgressStore } from '../../src/coordination/progress.js';
import { until } from '../engine/support.js';
import { STORE_KINDS } from './stores-connect.js';
import { useStore, type StoreUnderTest } from './stores.js';

const HOUR_MS = 3_600_000;
const pages = (done: number, sequence = 10): ProgressReport => ({ sequence, done, total: 16, unit: 'pages' });

/** Pipelines to have progress. */
async function pipelines(store: StoreUnderTest, n: number): Promise<number[]> {
  const { rows } = await store.database().database.pool.query<{ id: number }>(
    `insert into pipelines (name, description, created_by, queue, next_sequence)
     select 'Test', 'a test', 'tester', 'fast', 10 from generate_series(1, $1) returning id`,
    [n],
  );
  return rows.map((row) => row.id);
}
const one = async (store: StoreUnderTest): Promise<number> => (await pipelines(store, 1))[0] ?? NaN;

describe.each(STORE_KINDS)('progress in %s', (kind) => {
  const store = useStore(kind);

  test('is what was written last, for each pipeline that is asked for', async () => {
    const { progress } = store.connect();
    const [a, b, c] = (await pipelines(store, 3)) as [number, number, number];
    await progress.write(a, pages(3), HOUR_MS);
    await progress.write(a, pages(4), HOUR_MS);
    await progress.write(b, { sequence: 20, done: 2 ** 40, total: 2 ** 41, unit: 'bytes "of" ß' }, HOUR_MS);
    expect(await store.connect().progress.read([b, c, a])).toEqual(
      new Map([
        [a, pages(4)],
        [b, { sequence: 20, done: 2 ** 40, total: 2 ** 41, unit: 'bytes "of" ß' }],
      ]),
    );
    expect(await progress.read([])).toEqual(new Map());
  });

  test('vanishes when its time is over, and lives on when it is repeated', async () => {
    const { progress } = store.connect();
    const [short, long] = (await pipelines(store, 2)) as [number, number];
    await progress.write(short, pages(1), HOUR_MS);
    expect((await progress.read([short])).size).toBe(1);
    await progress.write(long, pages(1), 300);
    await progress.write(long, pages(1), HOUR_MS);
    await progress.write(short, pages(1), 300);
    await until('it has vanished', async () => (await progress.read([short])).size === 0);
    expect((await progress.read([long])).size).toBe(1);
  });

  test('of a job is forgotten with it, that of the next job is not', async () => {
    const { progress } = store.connect();
    const id = await one(store);
    await progress.write(id, pages(1, 20), HOUR_MS);
    await progress.forget(id, 10);
    expect((await progress.read([id])).get(id)).toEqual(pages(1, 20));
    await progress.forget(id, 20);
    expect((await progress.read([id])).size).toBe(0);
  });

  test('of a job is there while it runs and gone when it has ended', async () => {
    const { progress } = store.connect();
    const id = await one(store);
    const job = jobProgress(progress, id, 10);
    job.report(1, 16, 'pages');
    await until('it is there', async () => (await progress.read([id])).get(id)?.done === 1);
    for (let page = 2; page <= 16; page++) job.report(page, 16, 'pages');
    await until('the last is written', async () => (await progress.read([id])).get(id)?.done === 16);
    await job.close();
    expect((await progress.read([id])).size).toBe(0);
  });

  test.each(['cut', 'stall'] as const)('keeps no job waiting when its store is away (%s)', async (how) => {
    const { proxy, url } = await store.through();
    const id = await one(store);
    const { progress } = store.connect(url);
    await progress.write(id, pages(1), HOUR_MS);
    await proxy[how]();
    const job = jobProgress(progress, id, 10);
    job.report(2, 16, 'pages');
    await job.close();
    expect((await store.connect().progress.read([id])).get(id)?.done).toBe(1);
    await proxy.heal();
  });
});

describe('a job that reports often', () => {
  /** A store that writes down what it is asked to write. */
  function recording() {
    const written: number[] = [];
    const store: ProgressStore = {
      name: 'a list',
      write: async (_, { done }) => {
        written.push(done);
        return Promise.resolve();
      },
      forget: () => Promise.resolve(),
      read: () => Promise.resolve(new Map()),
    };
    return { store, written };
  }

  test('is written at once, then seldom, the last report always', async () => {
    const { store, written } = recording();
    const job = jobProgress(store, 1, 10);
    onTestFinished(() => job.close());
    for (let done = 1; done <= 1000; done++) job.report(done, 1000, 'pages');
    await until('the last is written', () => written.at(-1) === 1000);
    expect(written).toEqual([1, 1000]);
  });

  test('leaves nothing behind when its store is slow: what is forgotten is forgotten last', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const asked: string[] = [];
    const slow = { ...recording().store, write: () => later('written', 20_000), forget: () => later('forgotten', 0) };
    async function later(what: string, ms: number) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      asked.push(what);
    }
    const job = jobProgress(slow, 1, 10);
    job.report(1, 3, 'pages');
    await vi.advanceTimersByTimeAsync(1000);
    job.report(2, 3, 'pages');
    await vi.advanceTimersByTimeAsync(1000);
    const ended = job.close();
    await vi.advanceTimersByTimeAsync(5000);
    await ended; // no job waits for longer
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual(['written', 'forgotten']);
  });

  test('can end although its store never answers', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const never = () => new Promise<never>(() => undefined);
    const job = jobProgress({ name: 'a wall', write: never, forget: never, read: never }, 1, 10);
    job.report(1, 2, 'pages');
    const ended = job.close();
    await vi.advanceTimersByTimeAsync(11_000);
    await ended;
  });

  test('that never reported asks the store for nothing', async () => {
    const { store } = recording();
    const refusing = { ...store, forget: () => Promise.reject(new Error('asked')) };
    await jobProgress(refusing, 1, 10).close();
  });
});
