import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { cleanDirectory } from '../../src/files/clean-directory.js';
import { copyForMove, deleteForMove, renameForMove, verifyForMove, wipOf, type Move } from '../../src/files/move.js';
import { renumberPages } from '../../src/files/renumber.js';
import type * as threads from '../../src/files/threads.js';
import { closeThreads } from '../../src/files/threads.js';
import { giveBack } from '../../src/newspapers/give-back.js';
import { workPlaces, type IntakePlaces } from '../../src/newspapers/intake-places.js';
import type { IssueKind } from '../../src/newspapers/workflow-step.js';
import { killAfter, restart } from '../files/killed.js';
import { makeTree, readTree, scratch, type Content } from '../files/trees.js';

vi.mock('node:fs/promises', async (original) => (await import('../files/killed.js')).killable(await original()));
vi.mock('../../src/files/threads.js', async (original) =>
  (await import('../files/killed.js')).killableThreads(await original<typeof threads>()),
);
afterAll(() => closeThreads());

const { at } = scratch();
const AREAS = ['work', 'backup', 'review'];
const places = (): IntakePlaces => ({
  upload: at('uploads', 'sn1', '1856-05-10'),
  ...workPlaces('sn1-1856051001-7', {
    WORKFLOW_PATH: at('work'),
    ORIGINAL_PDF_BACKUP_PATH: at('backup'),
    PDF_PAGE_REVIEW_PATH: at('review'),
  }),
});
const toWork = (): Move => ({ from: places().upload, to: places().work });
const toBackup = (): Move => ({ from: places().work, to: places().backup });
const toReview = (): Move => ({ from: places().split, to: places().review });

const PDFS: Content = { 'a 1.pdf': 'one', 'b.pdf': 'two' };
const PAIRS: Content = { 'a.pdf': 'one', 'a.tif': 'ONE', 'b.pdf': 'two', 'b.tiff': 'TWO' };
const NUMBERED: Content = { '0001.pdf': 'one', '0001.tif': 'ONE', '0002.pdf': 'two', '0002.tif': 'TWO' };

function begin(content: Content): void {
  for (const name of readdirSync(at('.'))) rmSync(at(name), { recursive: true });
  for (const area of AREAS) mkdirSync(at(area));
  makeTree(places().upload, content);
}

const stepsOf = (move: () => Move) => [
  () => copyForMove(move()),
  () => verifyForMove(move()),
  () => deleteForMove(move()),
  () => renameForMove(move()),
];

const split = () => {
  makeTree(places().split, { 'seq-0001.pdf': 'page', 'seq-0002.pdf': 'page' });
  makeTree(at('work', '..split-sn1-1856051001-7.wip-Ab12'), { 'page-1.pdf': 'half' });
};
const derive = () => makeTree(places().work, { '0001.jp2': 'x', '0001.xml': '<x/>', '.0002.jp2.tmp': 'half' });

const STEPS: Record<IssueKind, readonly (() => unknown)[]> = {
  borndigital: [
    ...stepsOf(toWork),
    () => cleanDirectory(places().work),
    split,
    ...stepsOf(toBackup),
    ...stepsOf(toReview),
  ],
  scan: [...stepsOf(toWork), () => cleanDirectory(places().work), () => renumberPages(places().work), derive],
};

const expectGivenBack = (content: Content) => {
  expect(readTree(places().upload)).toEqual(content);
  expect(readdirSync(at('uploads', 'sn1'))).toEqual(['1856-05-10']);
  for (const area of AREAS) expect(readdirSync(at(area))).toEqual([]);
};

describe('W27, W33: an intake given back', () => {
  test.each<[IssueKind, Content]>([
    ['borndigital', PDFS],
    ['scan', PAIRS],
  ])('of %s, from whatever step it had come to, is at its upload place and nowhere else', async (kind, content) => {
    const steps = STEPS[kind];
    for (let done = 0; done <= steps.length; done++) {
      begin(content);
      for (const step of steps.slice(0, done)) await step();
      await giveBack(kind, places(), done > 2);
      expectGivenBack(kind === 'scan' && done > 5 ? NUMBERED : content);
      await giveBack(kind, places(), done > 2); // again
      expectGivenBack(kind === 'scan' && done > 5 ? NUMBERED : content);
    }
  });

  test('whose deleting was killed gets back what was deleted, and keeps what came meanwhile', async () => {
    begin(PDFS);
    await copyForMove(toWork());
    await verifyForMove(toWork());
    rmSync(join(places().upload, 'a 1.pdf'));
    writeFileSync(join(places().upload, 'b.pdf'), 'two, mended by the publisher');
    writeFileSync(join(places().upload, 'c.pdf'), 'new');
    await giveBack('borndigital', places(), true);
    expectGivenBack({ 'a 1.pdf': 'one', 'b.pdf': 'two, mended by the publisher', 'c.pdf': 'new' });
  });

  test('whose copy rotted after the upload was deleted is refused; nothing rotten is given back as the source', async () => {
    begin(PDFS);
    for (const step of stepsOf(toWork).slice(0, 2)) await step();
    rmSync(join(places().upload, 'b.pdf'));
    writeFileSync(join(wipOf(places().work), 'b.pdf'), 'rot');
    for (const again of [false, true])
      await expect(giveBack('borndigital', places(), true), String(again)).rejects.toThrow(
        /\.wip-.*b\.pdf", all that is left of ".*1856-05-10\/b\.pdf", is not what was verified any more .* find a backup/,
      );
    expect(readTree(places().upload)).toEqual({ 'a 1.pdf': 'one' });
    writeFileSync(join(places().upload, 'b.pdf'), 'two');
    await giveBack('borndigital', places(), true);
    expectGivenBack(PDFS);
  });

  test.each([2, 3, 6, 9, 14])(
    'of born-digital after step %i, killed at any point and run again, loses nothing',
    { timeout: 120_000 },
    async (done) => {
      for (let calls = 0; ; calls += 7) {
        begin(PDFS);
        for (const step of STEPS.borndigital.slice(0, done)) await step();
        if (done === 2) rmSync(join(places().upload, 'b.pdf'));
        killAfter(calls);
        try {
          await giveBack('borndigital', places(), done >= 2);
        } catch (error) {
          if (!restart()) throw error;
          await giveBack('borndigital', places(), done >= 2);
          expectGivenBack(PDFS);
          continue;
        }
        restart();
        expectGivenBack(PDFS);
        expect(calls).toBeGreaterThan(10);
        return;
      }
    },
  );

  test.each([3, 7])(
    'of scans after step %i, killed at any point and run again, loses nothing',
    { timeout: 120_000 },
    async (done) => {
      for (let calls = 0; ; calls += 9) {
        begin(PAIRS);
        for (const step of STEPS.scan.slice(0, done)) await step();
        killAfter(calls);
        const wasKilled = await giveBack('scan', places(), true).then(
          () => false,
          (error: unknown) => {
            if (!restart()) throw error;
            return true;
          },
        );
        if (wasKilled) await giveBack('scan', places(), true);
        restart();
        expectGivenBack(done > 5 ? NUMBERED : PAIRS);
        if (!wasKilled) return;
      }
    },
  );

  test('of which nothing was taken and nothing is left needs nothing', async () => {
    begin(PDFS);
    rmSync(places().upload, { recursive: true });
    await giveBack('borndigital', places(), false);
    expect(existsSync(places().upload)).toBe(false);
  });

  test('whose files are nowhere is refused, naming where they should be', async () => {
    begin(PDFS);
    rmSync(places().upload, { recursive: true });
    await expect(giveBack('borndigital', places(), true)).rejects.toThrow(/in none of .*1856-05-10.*work.*backup/);
  });

  test('whose upload place holds a new upload is refused, naming both', async () => {
    begin(PDFS);
    for (const step of stepsOf(toWork)) await step();
    makeTree(places().upload, { 'new.pdf': 'another' });
    await expect(giveBack('borndigital', places(), true)).rejects.toThrow(/both there/);
    expect(readTree(places().work)).toEqual(PDFS);
  });

  test('of which only a copy is left that nobody verified is refused', async () => {
    begin(PDFS);
    await copyForMove(toWork());
    rmSync(places().upload, { recursive: true });
    await expect(giveBack('borndigital', places(), true)).rejects.toThrow(/nobody verified its copy/);
    expect(readTree(wipOf(places().work))).toEqual(PDFS);
  });

  test('whose disk is not mounted is tried again', async () => {
    begin(PDFS);
    rmSync(at('backup'), { recursive: true });
    await expect(giveBack('borndigital', places(), true)).rejects.toThrow(/is its disk mounted/);
  });

  test('of a scan with a file that nobody knows is refused, and leaves it', async () => {
    begin(PAIRS);
    for (const step of STEPS.scan) await step();
    writeFileSync(join(places().work, 'note.txt'), 'important');
    await expect(giveBack('scan', places(), true)).rejects.toThrow(/note\.txt.*no page of the scan/);
    expect(existsSync(join(places().work, '0001.jp2'))).toBe(true);
  });
});
