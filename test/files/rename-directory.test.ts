import { existsSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FatalError } from '../../src/engine/job.js';
import { renameDirectory } from '../../src/files/rename-directory.js';
import { makeTree, readTree, scratch } from './trees.js';

const { at } = scratch();
const rename = () => renameDirectory(at('a'), at('new', 'b'));

describe('renaming a directory', () => {
  test('twice is success (W9): it succeeded and was not recorded', async () => {
    makeTree(at('a'), { x: 'x' });
    await rename();
    await rename();
    expect(readTree(at('new', 'b'))).toEqual({ x: 'x' });
    expect(existsSync(at('a'))).toBe(false);
  });

  test('both there, even if one is empty, is fatal and names both', async () => {
    makeTree(at('a'), { x: 'x' });
    makeTree(at('new', 'b'), {});
    await expect(rename()).rejects.toBeInstanceOf(FatalError);
    await expect(rename()).rejects.toThrow(/Cannot rename .*\/a" to .*new\/b": both are there/);
    expect(readTree(at('a'))).toEqual({ x: 'x' });
  });

  test('neither there is fatal, unless the disk may be away', async () => {
    await expect(rename()).rejects.toBeInstanceOf(FatalError);
    const away = renameDirectory(at('disk', 'a'), at('disk', 'b'));
    await expect(away).rejects.toThrow(/disk" is not there: is its disk mounted/);
    await expect(away).rejects.not.toBeInstanceOf(FatalError);
  });

  test('a symlink is no directory', async () => {
    makeTree(at('real'), {});
    symlinkSync(at('real'), at('a'));
    await expect(rename()).rejects.toThrow(/must be a directory but is a symlink/);
  });
});
