import { existsSync, readdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { FatalError } from '../../src/engine/job.js';
import {
  copyForMove,
  deleteForMove,
  MoveRefused,
  renameForMove,
  verifyForMove,
  wipOf,
  type Move,
} from '../../src/files/move.js';
import { closeThreads } from '../../src/files/threads.js';
import { killAfter, restart } from './killed.js';
import { makeTree, readTree, scratch, treeContent, type Content } from './trees.js';

vi.mock('node:fs/promises', async (original) => (await import('./killed.js')).killable(await original()));
vi.mock('../../src/files/threads.js', async (original) =>
  (await import('./killed.js')).killableThreads(await original()),
);
afterAll(() => closeThreads());

const { at } = scratch();
const move = (): Move => ({ from: at('uploads', 'sn1', '1856-05-10'), to: at('workflow', 'sn1-1856051001-7') });
const steps = [copyForMove, verifyForMove, (m: Move) => deleteForMove(m), renameForMove] as const;
const issue: Content = { '1.pdf': 'page one', '2.pdf': '', 'deep/er/3 x.pdf': 'three', 'empty/': '' };

/** Only the target is left, and nothing beside it. */
const expectMoved = (content: Content, { from, to } = move()) => {
  expect(existsSync(from)).toBe(false);
  expect(readTree(to)).toEqual(content);
  expect(readdirSync(at('workflow'))).toEqual(['sn1-1856051001-7']);
};
const clear = () => readdirSync(at('.')).forEach((name) => rmSync(at(name), { recursive: true }));

describe('a move', () => {
  test('ends with the tree at its target and nothing left elsewhere', async () => {
    makeTree(move().from, issue);
    for (const step of steps) await step(move());
    expectMoved(issue);
  });

  test('takes any tree with any names', async () => {
    const whole = async (content: Content) => {
      clear();
      makeTree(move().from, content);
      for (const step of steps) await step(move());
      expectMoved(content);
    };
    await fc.assert(fc.asyncProperty(treeContent, whole), { numRuns: 40 });
  });

  test('every step can be run again at once, and after all that follow it', async () => {
    for (const [index, step] of steps.entries()) {
      clear();
      makeTree(move().from, issue);
      for (const former of steps.slice(0, index + 1)) await former(move());
      await step(move());
      for (const later of steps.slice(index + 1)) {
        await later(move());
        await step(move());
      }
      for (const again of steps) await again(move());
      expectMoved(issue);
    }
  });
});

describe('kill -9 at any point, then run again', () => {
  const small: Content = { '1.pdf': 'page one', 'deep/2 x.pdf': 'two', 'empty/': '' };

  /** Runs the move, killed after so many calls; a killed step (or the whole move) runs again. False: it was over before. */
  const survives = async (calls: number[], fromTheStart: boolean): Promise<boolean> => {
    clear();
    makeTree(move().from, small);
    const kills = [...calls];
    killAfter(kills.shift() ?? Infinity);
    let wasKilled = false;
    for (let index = 0; index < steps.length;) {
      try {
        await steps[index]?.(move());
        index++;
      } catch (error) {
        if (!restart()) throw error;
        wasKilled = true;
        killAfter(kills.shift() ?? Infinity);
        if (fromTheStart) index = 0;
      }
    }
    restart();
    expectMoved(small);
    return wasKilled;
  };

  test.each([
    ['the killed job', false],
    ['the pipeline from its first job', true],
  ])('%s: nothing is lost, doubled or left behind', async (_, fromTheStart) => {
    let calls = 0;
    while (await survives([calls], fromTheStart)) calls += fromTheStart ? 3 : 1;
    expect(calls).toBeGreaterThan(100);
  });

  test('killed again and again', async () => {
    const kills = fc.array(fc.nat(120), { minLength: 2, maxLength: 5 });
    const dies = async (calls: number[], fromTheStart: boolean) => {
      await survives(calls, fromTheStart);
    };
    await fc.assert(fc.asyncProperty(kills, fc.boolean(), dies), { numRuns: 60 });
  });
});

describe('a source is never deleted', () => {
  const refused = async (pattern: RegExp) => {
    const before = existsSync(move().from) ? readTree(move().from) : undefined;
    const failure = deleteForMove(move());
    await expect(failure).rejects.toThrow(pattern);
    await expect(failure).rejects.toBeInstanceOf(FatalError);
    if (before) expect(readTree(move().from)).toEqual(before);
  };
  const verified = async () => {
    makeTree(move().from, issue);
    await copyForMove(move());
    await verifyForMove(move());
  };

  test('without a copy', async () => {
    makeTree(move().from, issue);
    await refused(/there is no verified copy, so the source is not deleted; let it be copied again, then go on/);
  });

  test('with a copy that was not verified', async () => {
    makeTree(move().from, issue);
    await copyForMove(move());
    await refused(/no verified copy/);
  });

  test('when the copy has vanished or lost a page since', async () => {
    await verified();
    rmSync(`${wipOf(move().to)}/1.pdf`);
    await refused(/has lost 1\.pdf since it was verified/);
    rmSync(wipOf(move().to), { recursive: true });
    await refused(/no verified copy/);
  });

  test('when a page came or changed after the verification; running the move again takes it in', async () => {
    await verified();
    writeFileSync(`${move().from}/4.pdf`, 'late');
    writeFileSync(`${move().from}/1.pdf`, 'PAGE ONE');
    utimesSync(`${move().from}/1.pdf`, 1, 1);
    await refused(/1\.pdf, 4\.pdf came or changed after the copy was verified/);
    for (const step of steps) await step(move());
    expectMoved({ ...issue, '1.pdf': 'PAGE ONE', '4.pdf': 'late' });
  });

  test('when a symlink has come', async () => {
    await verified();
    symlinkSync('/etc/passwd', `${move().from}/5.pdf`);
    await refused(/remove or replace these and requeue: .*5\.pdf" \(symlink\)/);
  });

  test('when the target is there already: a new upload at the old place', async () => {
    makeTree(move().from, issue);
    for (const step of steps) await step(move());
    makeTree(move().from, issue);
    for (const step of steps.slice(0, 3)) {
      await expect(step(move())).rejects.toThrow(/uploads.* and .*workflow.* are both there; look which one is right/);
    }
    expect(readTree(move().from)).toEqual(issue);
  });
});

describe('a source that is gone', () => {
  test('before it was verified is fatal, and says what is left', async () => {
    makeTree(move().from, issue);
    await copyForMove(move());
    rmSync(move().from, { recursive: true });
    for (const step of steps.slice(0, 3)) {
      await expect(step(move())).rejects.toThrow(
        /is not there: somebody moved or deleted it before it was copied; nobody knows whether its copy .*; put it back and let it go on/,
      );
      await expect(step(move())).rejects.toBeInstanceOf(FatalError);
    }
  });

  test('with its parent is perhaps a disk that is not mounted: try again', async () => {
    const failure = copyForMove(move());
    await expect(failure).rejects.toThrow(/uploads\/sn1" is not there: is its disk mounted/);
    await expect(failure).rejects.not.toBeInstanceOf(FatalError);
  });

  test('after the verification is as it should be', async () => {
    makeTree(move().from, issue);
    await copyForMove(move());
    await verifyForMove(move());
    rmSync(move().from, { recursive: true });
    for (const step of steps) await step(move());
    expectMoved(issue);
  });
});

test('a place that another move is using is refused', async () => {
  makeTree(move().from, issue);
  await copyForMove(move());
  await verifyForMove(move());
  const other = { from: at('uploads', 'other'), to: move().to };
  makeTree(other.from, issue);
  await expect(copyForMove(other)).rejects.toBeInstanceOf(MoveRefused);
  await expect(copyForMove(other)).rejects.toThrow(/is a copy of .*1856-05-10.*; end or cancel that move first/);
});

test('a source that was replaced by a symlink is refused', async () => {
  makeTree(at('elsewhere'), issue);
  makeTree(at('uploads', 'sn1'), {});
  symlinkSync(at('elsewhere'), move().from);
  await expect(copyForMove(move())).rejects.toThrow(/must be a directory but is a symlink/);
  renameSync(at('elsewhere'), at('still there'));
});
