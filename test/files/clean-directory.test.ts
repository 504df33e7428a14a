import { symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cleanDirectory } from '../../src/files/clean-directory.js';
import { makeTree, readTree, scratch } from './trees.js';

const { at } = scratch();

test('dotfiles and thumbs.db in any case go, in this directory only; directories stay', async () => {
  const stays = {
    '1.pdf': '',
    'Thumbs.db.pdf': '',
    'deep/.x': '',
    'deep/Thumbs.db': '',
    '.hidden/1.pdf': '',
    'thumbs.DB/x': '',
  };
  makeTree(at('issue'), { ...stays, '.BridgeSort': '', '.manifest': '', 'Thumbs.db': '', 'THUMBS.DB': '' });
  symlinkSync('/etc/passwd', at('issue', '.link'));
  expect(await cleanDirectory(at('issue'))).toEqual(['.BridgeSort', '.link', '.manifest', 'THUMBS.DB', 'Thumbs.db']);
  expect(readTree(at('issue'))).toEqual(stays);
  expect(await cleanDirectory(at('issue'))).toEqual([]);
});

test('a directory that is not there is named', async () => {
  await expect(cleanDirectory(at('none'))).rejects.toThrow(/ENOENT.*none/);
});
