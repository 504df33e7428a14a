import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FatalError } from '../../src/engine/job.js';
import { removeTree } from '../../src/files/remove-tree.js';
import { makeTree, readTree, scratch } from './trees.js';

const { at } = scratch();

test('a tree goes with everything in it, also names that are no text; links are not followed; twice is success', async () => {
  makeTree(at('kept'), { 'a.pdf': 'a' });
  makeTree(at('gone'), { 'a.pdf': '', 'deep/er/b.pdf': '', '.hidden': '' });
  symlinkSync(at('kept'), at('gone', 'link'));
  writeFileSync(Buffer.concat([Buffer.from(`${at('gone')}/`), Buffer.from([0xff])]), '');
  await removeTree(at('gone'));
  await removeTree(at('gone'));
  expect(existsSync(at('gone'))).toBe(false);
  expect(readTree(at('kept'))).toEqual({ 'a.pdf': 'a' });
});

test('paths that may mean anything, links and files are refused', async () => {
  makeTree(at('kept'), { 'a.pdf': 'a' });
  symlinkSync(at('kept'), at('link'));
  for (const path of [
    '',
    '/',
    '.',
    'kept',
    `${at('kept')}/`,
    `${at('kept')}/../kept`,
    at('link'),
    at('kept', 'a.pdf'),
  ]) {
    await expect(removeTree(path)).rejects.toBeInstanceOf(FatalError);
  }
  expect(readTree(at('kept'))).toEqual({ 'a.pdf': 'a' });
});

test('an abort stops it; running it again goes on', async () => {
  makeTree(at('gone'), { 'a.pdf': '' });
  const reason = new Error('shutdown');
  await expect(removeTree(at('gone'), AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(existsSync(at('gone', 'a.pdf'))).toBe(true);
  await removeTree(at('gone'));
  expect(existsSync(at('gone'))).toBe(false);
});
