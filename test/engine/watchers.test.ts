/** Watchers look at the world at intervals: once however many runners there are, never two at a time (spec 2.3; W3, W34). */
import { expect, test } from 'vitest';
import { defineWatcher, type Watcher } from '../../src/engine/watcher.js';
import { aborted } from './stage.js';
import { rows, startRunner, until, useDatabase } from './support.js';

const own = useDatabase();
interface WatcherRow {
  name: string;
  next_run_at: Date;
  completed_at: Date | null;
  error: { message: string } | null;
}
const row = async (name: string) => (await rows<WatcherRow>(own, 'select * from watchers where name = $1', [name]))[0];
const ended = (name: string) => until(`${name} has ended`, async () => (await row(name))?.completed_at != null);
const makeDue = (name: string) =>
  rows(own, `update watchers set next_run_at = now() - interval '1 second' where name = $1`, [name]);

/** A watcher that counts its runs; each waits to be let go when `gated`. */
function counting(name: string, run: Watcher['run'] = () => Promise.resolve()) {
  const seen = { runs: 0, now: 0, most: 0 };
  const watcher = defineWatcher({
    name,
    every: '1 h',
    timeout: '10 min',
    run: async (context) => {
      seen.runs++;
      seen.most = Math.max(seen.most, ++seen.now);
      await run(context).finally(() => seen.now--);
    },
  });
  return { watcher, seen };
}

test('three runners, one look; and the next only when the interval is over', async () => {
  const { watcher, seen } = counting('scans');
  await Promise.all([1, 2, 3].map(() => startRunner(own, { watchers: [watcher] })));
  await ended('scans');
  const first = await row('scans');
  expect((first?.next_run_at.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
  await makeDue('scans');
  await until('it has looked again', () => seen.runs === 2);
  // another watcher shows that the runners go on looking at watchers meanwhile
  const { watcher: other, seen: others } = counting('pages');
  await startRunner(own, { watchers: [watcher, other] });
  await until('the other has looked', () => others.runs === 1);
  expect(seen).toMatchObject({ runs: 2, most: 1 });
});

test('a look that takes longer than the interval is not joined by a second', async () => {
  let letGo!: () => void;
  const free = new Promise<void>((resolve) => (letGo = resolve));
  const { watcher, seen } = counting('slow', () => free);
  const { watcher: other, seen: others } = counting('other');
  await Promise.all([1, 2].map(() => startRunner(own, { watchers: [watcher, other] })));
  await until('it looks', () => seen.runs === 1);
  await makeDue('slow');
  for (let i = 0; i < 3; i++) {
    const before = others.runs;
    await makeDue('other');
    await until('the runners have come round', () => others.runs > before);
  }
  expect(seen).toMatchObject({ runs: 1, now: 1 });
  letGo();
  await until('then it looks again', () => seen.runs === 2);
  expect(seen.most).toBe(1);
});

test('one that fails is written down and looks again at its next time', async () => {
  const { watcher, seen } = counting('broken', () => Promise.reject(new Error('the mount is gone')));
  await startRunner(own, { watchers: [watcher] });
  await ended('broken');
  expect((await row('broken'))?.error?.message).toBe('the mount is gone');
  await makeDue('broken');
  await until('it has looked again', () => seen.runs === 2);
});

test('one whose runner died is taken over when its time limit is over', async () => {
  const { watcher, seen } = counting('orphan');
  await rows(
    own,
    `insert into watchers (name, next_run_at, started_at, runner_id) values ('orphan', now() - interval '1 s', now() - interval '9 min', 1)`,
  );
  const { watcher: other, seen: others } = counting('other');
  await startRunner(own, { watchers: [watcher, other] });
  await until('the runner has looked round', () => others.runs === 1);
  expect(seen.runs).toBe(0);
  await rows(own, `update watchers set started_at = now() - interval '11 min' where name = 'orphan'`);
  await until('it is taken over', () => seen.runs === 1);
});

test('a runner that stops tells its watchers, and does not wait for ever for one that hangs', async () => {
  let told: unknown;
  const { watcher, seen } = counting(
    'hangs',
    ({ signal }) =>
      new Promise(() => {
        signal.addEventListener('abort', () => {
          told = signal.reason;
        });
      }),
  );
  const runner = await startRunner(own, { watchers: [watcher] });
  await until('it hangs', () => seen.runs === 1);
  let stopped = false;
  void runner.stop(0).then(() => (stopped = true));
  await until('it was told', () => told instanceof Error);
  await until('the runner has stopped', () => stopped);
  expect(await rows(own, 'select from runners where stopped_at is null')).toEqual([]);
});

test('one that a stopping runner cut short is due again at once: a restarted daemon does not wait an hour for it', async () => {
  const { watcher, seen } = counting('cut short', ({ signal }) =>
    seen.runs === 1 ? aborted(signal) : Promise.resolve(),
  );
  const runner = await startRunner(own, { watchers: [watcher] });
  await until('it looks', () => seen.runs === 1);
  await runner.stop(0);
  await startRunner(own, { watchers: [watcher] });
  await until('it looks again', () => seen.runs === 2);
});
