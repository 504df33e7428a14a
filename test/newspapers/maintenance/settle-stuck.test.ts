/** Bringing the files of a dead issue to one place (newspapers spec W33), from every step and killed at any point. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { copyForMove, deleteForMove, renameForMove, verifyForMove, wipOf, type Move } from '../../../src/files/move.js';
import type * as threads from '../../../src/files/threads.js';
import { closeThreads } from '../../../src/files/threads.js';
import { workPlaces, type WorkPlaces } from '../../../src/newspapers/intake-places.js';
import { settleStuck, type Settled } from '../../../src/newspapers/settle-stuck.js';
import { killAfter, restart } from '../../files/killed.js';
import { makeTree, readTree, scratch, type Content } from '../../files/trees.js';

vi.mock('node:fs/promises', async (original) => (await import('../../files/killed.js')).killable(await original()));
vi.mock('../../../src/files/threads.js', async (original) =>
  (await import('../../files/killed.js')).killableThreads(await original<typeof threads>()),
);
afterAll(() => closeThreads());

const { at } = scratch();
const NAME = 'sn1-1856051001-7';
const places = (): WorkPlaces =>
  workPlaces(NAME, {
    WORKFLOW_PATH: at('work'),
    ORIGINAL_PDF_BACKUP_PATH: at('backup'),
    PDF_PAGE_REVIEW_PATH: at('review'),
  });
const upload = () => at('uploads', '1856-05-10');
const hidden = () => at('review', `.notouchie-${NAME}`);
const PDFS: Content = { 'a.pdf': 'one', 'b.pdf': 'two' };
const PAGES: Content = { 'seq-0001.pdf': 'page one', 'seq-0002.pdf': 'page two' };

const steps = (move: Move) => [
  () => copyForMove(move),
  () => verifyForMove(move),
  () => deleteForMove(move),
  () => renameForMove(move),
];

interface Given {
  moves: Move[];
  /** Effects of the pipeline's jobs, in their order; `location` and `backup` are what the columns say after so many of them. */
  jobs: (() => unknown)[];
  columns: (done: number) => { location: string; backupLocation: string | null };
}

function takingIn(): Given {
  const { work, split, backup, review } = places();
  const [toWork, toBackup, toReview] = [{ from: upload(), to: work }, { from: work, to: backup }, { from: split, to: review }]; // prettier-ignore
  const splitPages = () => {
    makeTree(split, PAGES);
    makeTree(at('work', `..split-${NAME}.wip-Ab12`), { 'page-1.pdf': 'half' });
  };
  return {
    moves: [toWork, toBackup, toReview],
    jobs: [...steps(toWork), splitPages, ...steps(toBackup), ...steps(toReview)],
    columns: (done) => ({
      location: done < 5 ? upload() : done < 13 ? work : review,
      backupLocation: done < 10 ? null : backup,
    }),
  };
}

function handingOver(): Given {
  const { work, backup, review } = places();
  const move = { from: hidden(), to: work };
  return {
    moves: [move],
    jobs: [() => undefined, ...steps(move)],
    columns: () => ({ location: review, backupLocation: backup }),
  };
}

function begin(): void {
  for (const name of readdirSync(at('.'))) rmSync(at(name), { recursive: true });
  for (const area of ['work', 'backup', 'review']) mkdirSync(at(area));
}

/** No copy, no split pages, no scratch; besides the files of the issue the areas are empty. */
function expectTidy({ location, backup }: Settled): void {
  for (const area of ['work', 'backup', 'review'])
    for (const name of readdirSync(at(area))) expect([location, backup]).toContain(at(area, name));
}

const settle = ({ moves, columns }: Given, done: number) =>
  settleStuck({ kind: 'borndigital', ...columns(done) }, moves, places());

/** The originals are whole: where the issue's files are, or in its backup, with pages beside. */
function expectWhole({ location, backup, elsewhere }: Settled): void {
  expect(elsewhere).toEqual([]);
  if (backup === null) expect(readTree(location ?? '')).toEqual(PDFS);
  else {
    expect(readTree(backup)).toEqual(PDFS);
    expect(readTree(location ?? '')).toEqual(PAGES);
  }
}

describe('W33: an intake that failed', () => {
  test('after whatever step, is in one place, its original whole, and nothing else is left of it', async () => {
    for (let done = 0; done <= takingIn().jobs.length; done++) {
      begin();
      makeTree(upload(), PDFS);
      const given = takingIn();
      for (const job of given.jobs.slice(0, done)) await job();
      const settled = await settle(given, done);
      expectWhole(settled);
      expectTidy(settled);
      expect(await settle(given, done), `again after ${done}`).toEqual(settled);
    }
  });

  test.each([2, 3, 5, 7, 8, 11, 12])(
    'after step %i, killed at any point and run again, loses nothing',
    { timeout: 120_000 },
    async (done) => {
      for (let calls = 0; ; calls += 5) {
        begin();
        makeTree(upload(), PDFS);
        const given = takingIn();
        for (const job of given.jobs.slice(0, done)) await job();
        if (done === 2) rmSync(at('uploads', '1856-05-10', 'b.pdf')); // the deleting had begun
        killAfter(calls);
        const first = await settle(given, done).catch((error: unknown) => {
          if (!restart()) throw error;
        });
        restart();
        const settled = first ?? (await settle(given, done));
        expectWhole(settled);
        expectTidy(settled);
        if (!first) continue;
        expect(calls).toBeGreaterThan(5);
        return;
      }
    },
  );

  test('of which only half a copy is left keeps that', async () => {
    begin();
    makeTree(wipOf(places().work), { 'a.pdf': 'on' });
    const settled = await settle(takingIn(), 0);
    expect(settled).toEqual({ location: wipOf(places().work), backup: null, elsewhere: [] });
  });

  test('of which nothing is left says so; when its disk may be away it is tried again', async () => {
    begin();
    mkdirSync(at('uploads'));
    expect(await settle(takingIn(), 0)).toEqual({ location: null, backup: null, elsewhere: [] });
    rmSync(at('uploads'), { recursive: true });
    await expect(settle(takingIn(), 0)).rejects.toThrow(
      /uploads" is not there: is its disk mounted\? The job will try/,
    );
    rmSync(at('work'), { recursive: true });
    await expect(settle(takingIn(), 0)).rejects.toThrow(/work" is not there: is its disk mounted\?/);
  });

  test('whose copy rotted after the source was deleted is refused, and nothing is deleted', async () => {
    begin();
    makeTree(upload(), PDFS);
    const given = takingIn();
    for (const job of given.jobs.slice(0, 2)) await job();
    rmSync(at('uploads', '1856-05-10', 'b.pdf'));
    writeFileSync(at('work', `.wip-${NAME}`, 'b.pdf'), 'rot');
    await expect(settle(given, 2)).rejects.toThrow('is not what was verified any more');
    expect(readTree(upload())).toEqual({ 'a.pdf': 'one' });
  });
});

describe('W33: a hand-over that failed', () => {
  test.each([0, 1, 2, 3, 4, 5])(
    'after step %i, has its pages in one place and its original in the backup',
    async (done) => {
      begin();
      makeTree(places().backup, PDFS);
      makeTree(done === 0 ? places().review : hidden(), PAGES);
      const given = handingOver();
      for (const job of given.jobs.slice(1, done)) await job();
      const settled = await settle(given, done);
      expectWhole(settled);
      expectTidy(settled);
      if (done === 5) {
        makeTree(places().work, { '.0001.jp2.wip-Xy12/half': 'x' });
        await settle(given, done);
        expect(existsSync(at('work', NAME, '.0001.jp2.wip-Xy12'))).toBe(false);
      }
    },
  );

  test('and has files in a second place keeps both, and says so', async () => {
    begin();
    makeTree(places().backup, PDFS);
    makeTree(hidden(), PAGES);
    makeTree(places().review, { 'a new page.pdf': 'x' });
    expect(await settle(handingOver(), 0)).toEqual({
      location: hidden(),
      backup: places().backup,
      elsewhere: [places().review],
    });
  });
});
