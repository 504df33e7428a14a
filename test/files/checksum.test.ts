import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { sha256, sha256OfAll } from '../../src/files/checksum.js';
import { closeThreads } from '../../src/files/threads.js';
import { scratch } from './trees.js';

const { at } = scratch();
afterAll(() => closeThreads());
const sum = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

test('the sum of a file, also of an empty one and of one longer than a piece', async () => {
  const big = Buffer.alloc(2_500_001, 'newspaper');
  writeFileSync(at('big'), big);
  writeFileSync(at('empty'), '');
  writeFileSync(at('a\nb'), 'x');
  expect(await sha256(at('big'))).toBe(sum(big));
  expect(await sha256OfAll([at('a\nb'), at('empty'), at('big')])).toEqual([sum('x'), sum(''), sum(big)]);
});

test('no symlink is followed, no pipe waited for, a missing file named', async () => {
  writeFileSync(at('file'), 'x');
  symlinkSync(at('file'), at('link'));
  execFileSync('mkfifo', [at('pipe')]);
  await expect(sha256(at('link'))).rejects.toThrow('ELOOP');
  await expect(sha256(at('pipe'))).rejects.toThrow(/pipe" is not a regular file/);
  await expect(sha256(at('none'))).rejects.toThrow(/ENOENT.*none/);
});

test('an abort ends it with its reason', async () => {
  writeFileSync(at('file'), 'x');
  const reason = new Error('cancelled');
  await expect(sha256OfAll([at('file')], AbortSignal.abort(reason))).rejects.toBe(reason);
});
