/**
 * Upload areas whose owners work against us while files are taken: what lies elsewhere is neither read nor deleted.
 * (Kinds of files: test/files/hostile.test.ts; uploads through the whole program: test/end-to-end/hostile.test.ts.)
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { statfs } from 'node:fs/promises';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { FatalError } from '../../src/engine/job.js';
import { copyTree } from '../../src/files/copy-tree.js';
import { NotEnoughSpace, type Statfs } from '../../src/files/free-space.js';
import { removeTree } from '../../src/files/remove-tree.js';
import { closeThreads } from '../../src/files/threads.js';
import { verifyTree } from '../../src/files/verify-tree.js';
import { makeTree, readTree, scratch } from '../files/trees.js';

const { at } = scratch();
afterAll(() => closeThreads());
const victim = { '1.pdf': 'secret', '2.pdf': 'another' };
beforeEach(() => {
  makeTree(at('victim'), victim);
  makeTree(at('victim', 'sub'), victim);
  makeTree(at('from'), { '1.pdf': 'public', '2.pdf': 'public, too', 'sub/1.pdf': 'deeper' });
});

/** Something happens after the upload was listed, before its first file is opened. */
function afterTheLook(happens: () => void): Statfs {
  const first = once(happens);
  return (path) => {
    first();
    return statfs(path);
  };
}
/** What is done the first time only. */
function once(happens: () => void): () => void {
  let happened = false;
  return () => {
    if (happened) return;
    happened = true;
    happens();
  };
}
const failureOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error: unknown) => error as Error,
  );
/** No byte of the victim's is in the copy. */
const nothingLeaked = () => {
  if (existsSync(at('to'))) expect(JSON.stringify(readTree(at('to')))).not.toMatch(/secret|another/);
};

describe('between look and copy', () => {
  test('a symlink in the place of the upload is not followed', async () => {
    const look = afterTheLook(() => {
      renameSync(at('from'), at('moved'));
      symlinkSync(at('victim'), at('from'));
    });
    const failure = await failureOf(copyTree(at('from'), at('to'), { look }));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toMatch(/must be a directory but became something else; look who did that/);
    nothingLeaked();
  });

  test('a symlink in the place of a directory in it is not followed', async () => {
    const look = afterTheLook(() => {
      renameSync(at('from', 'sub'), at('moved'));
      symlinkSync(at('victim'), at('from', 'sub'));
    });
    const failure = await failureOf(copyTree(at('from'), at('to'), { look }));
    expect(failure.message).toMatch(
      /sub\/1\.pdf" could not be copied .*the path led somewhere else than its directory/,
    );
    nothingLeaked();
  });

  test.each<[string, (path: string) => void]>([
    ['a symlink', (path) => symlinkSync(at('victim', '1.pdf'), path)],
    ['a pipe', (path) => void execFileSync('mkfifo', [path])],
  ])('%s in the place of a file is not opened, and does not block', async (_, make) => {
    const look = afterTheLook(() => {
      rmSync(at('from', '1.pdf'));
      make(at('from', '1.pdf'));
    });
    const failure = await failureOf(copyTree(at('from'), at('to'), { look }));
    expect(failure.message).toMatch(/1\.pdf" could not be copied/);
    nothingLeaked();
  });

  test('also at the second look, of the verification', async () => {
    await copyTree(at('from'), at('to'));
    rmSync(at('to', 'sub', '1.pdf')); // to be copied again
    const look = afterTheLook(() => {
      renameSync(at('from', 'sub'), at('moved'));
      symlinkSync(at('victim'), at('from', 'sub'));
    });
    await failureOf(verifyTree(at('from'), at('to'), { look }));
    nothingLeaked();
  });
});

describe('while the upload is deleted', () => {
  /** A signal that is asked before each deletion: there something happens. */
  function firstAsked(happens: () => void): AbortSignal {
    const { signal } = new AbortController();
    signal.throwIfAborted = once(happens);
    return signal;
  }

  test('a symlink in its place does not lead the deletion elsewhere', async () => {
    const swap = firstAsked(() => {
      renameSync(at('from'), at('moved'));
      symlinkSync(at('victim'), at('from'));
    });
    await failureOf(removeTree(at('from'), swap));
    expect(readTree(at('victim'))).toEqual({ ...victim, 'sub/1.pdf': 'secret', 'sub/2.pdf': 'another' });
  });

  test('nor one in the place of a directory in it', async () => {
    makeTree(at('deep'), { 'a/1.pdf': 'x', 'b/1.pdf': 'x' });
    const swap = firstAsked(() => {
      renameSync(at('deep', 'b'), at('moved'));
      symlinkSync(at('victim'), at('deep', 'b'));
    });
    await failureOf(removeTree(at('deep'), swap));
    expect(readTree(at('victim'))).toEqual({ ...victim, 'sub/1.pdf': 'secret', 'sub/2.pdf': 'another' });
  });
});

test('a hard link to a file elsewhere becomes a file of its own; that one stays as it is', async () => {
  linkSync(at('victim', '2.pdf'), at('from', '3.pdf'));
  await copyTree(at('from'), at('to'));
  expect(statSync(at('to', '3.pdf')).nlink).toBe(1);
  writeFileSync(at('victim', '2.pdf'), 'changed later');
  expect(readFileSync(at('to', '3.pdf'), 'utf8')).toBe('another');
  await removeTree(at('from'));
  expect(readFileSync(at('victim', '2.pdf'), 'utf8')).toBe('changed later');
});

test('a sparse file of 1 TB is refused before a byte is copied', async () => {
  truncateSync(at('from', '1.pdf'), 2 ** 40);
  const look: Statfs = () => Promise.resolve({ bavail: 100_000_000, bsize: 4096 }); // 400 GB
  await expect(copyTree(at('from'), at('to'), { look })).rejects.toBeInstanceOf(NotEnoughSpace);
  expect(existsSync(at('to'))).toBe(false);
});

test('what everybody may write to is not so when it is here; set-id bits do not come along', async () => {
  chmodSync(at('from'), 0o2777);
  chmodSync(at('from', 'sub'), 0o1777);
  chmodSync(at('from', '1.pdf'), 0o6777);
  chmodSync(at('from', '2.pdf'), 0o000);
  await copyTree(at('from'), at('to'));
  const modeOf = (...path: string[]) => (statSync(at('to', ...path)).mode & 0o7777).toString(8);
  expect([modeOf(), modeOf('sub'), modeOf('1.pdf'), modeOf('2.pdf')]).toEqual(['775', '775', '775', '600']);
});

test.skipIf(process.getuid?.() !== 0)('a device in an upload is refused by name, and not read', async () => {
  execFileSync('mknod', [at('from', '3.pdf'), 'c', '1', '5']); // as /dev/zero
  await expect(copyTree(at('from'), at('to'))).rejects.toThrow(/3\.pdf" \(special\)/);
  expect(existsSync(at('to'))).toBe(false);
});
