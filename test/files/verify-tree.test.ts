import { createHash } from 'node:crypto';
import { statSync, symlinkSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { FatalError } from '../../src/engine/job.js';
import { copyTree } from '../../src/files/copy-tree.js';
import { closeThreads } from '../../src/files/threads.js';
import { ExtraFiles, verifyTree } from '../../src/files/verify-tree.js';
import { makeTree, readTree, scratch, treeContent } from './trees.js';

const { at } = scratch();
afterAll(() => closeThreads());
const [from, to] = [() => at('from'), () => at('to')];
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('verifying a copy', () => {
  test('gives the SHA-256 sum, size and time of every file', async () => {
    makeTree(from(), { 'a.pdf': 'aaa', 'deep/b c.pdf': '' });
    await copyTree(from(), to());
    const { mtimeMs } = statSync(at('from', 'a.pdf'));
    const report = await verifyTree(from(), to());
    expect(report).toMatchObject({ bytes: 3, recopied: [] });
    expect(report.files).toMatchObject([
      { path: 'a.pdf', size: 3, mtimeMs, sha256: sha256('aaa') },
      { path: 'deep/b c.pdf', size: 0, sha256: sha256('') },
    ]);
  });

  test('mends what differs in content only, and what is missing', async () => {
    makeTree(from(), { 'a.pdf': 'aaa', 'b.pdf': 'bbb', 'c.pdf': 'ccc', 'empty/': '' });
    makeTree(to(), { 'a.pdf': 'aaX', 'b.pdf': 'bbb' });
    expect((await verifyTree(from(), to())).recopied).toEqual(['a.pdf', 'c.pdf']);
    expect(readTree(to())).toEqual(readTree(from()));
  });

  test('of any damage to any tree nothing is left', async () => {
    let run = 0;
    const mends = async (content: Parameters<typeof makeTree>[1], damaged: boolean[]) => {
      const [source, copy] = [at(`from${++run}`), at(`to${run}`)];
      makeTree(source, content);
      const pick = ([, text]: [string, string], i: number): boolean => text !== '' && (damaged[i] ?? false);
      const damage = Object.entries(content).map((entry, i) => [
        entry[0],
        pick(entry, i) ? entry[1].replace(/./su, '#') : entry[1],
      ]);
      makeTree(copy, Object.fromEntries(damage) as typeof content);
      await verifyTree(source, copy);
      expect(readTree(copy)).toEqual(content);
    };
    await fc.assert(fc.asyncProperty(treeContent, fc.array(fc.boolean()), mends), { numRuns: 30 });
  });

  test('files that only the copy has are named, never deleted, and stop it for good', async () => {
    makeTree(from(), { 'a.pdf': 'a' });
    makeTree(to(), { 'a.pdf': 'a', 'deep/b.pdf': 'the only one left' });
    await expect(verifyTree(from(), to())).rejects.toBeInstanceOf(ExtraFiles);
    await expect(verifyTree(from(), to())).rejects.toBeInstanceOf(FatalError);
    await expect(verifyTree(from(), to())).rejects.toThrow(/to" holds files that .*from" does not: deep\/b\.pdf;/);
    expect(readTree(to())['deep/b.pdf']).toBe('the only one left');
  });

  test('a symlink to the right content is no copy', async () => {
    makeTree(from(), { 'a.pdf': 'a' });
    makeTree(to(), {});
    symlinkSync(at('from', 'a.pdf'), at('to', 'a.pdf'));
    await expect(verifyTree(from(), to())).rejects.toThrow(/a\.pdf" \(symlink\)/);
  });

  test('stops at an abort', async () => {
    makeTree(from(), { 'a.pdf': 'a', 'b.pdf': 'b', 'c.pdf': 'c' });
    await copyTree(from(), to());
    const abort = new AbortController();
    const reason = new Error('timeout');
    const progress = { report: () => abort.abort(reason) };
    await expect(verifyTree(from(), to(), { signal: abort.signal, progress })).rejects.toBe(reason);
  });
});
