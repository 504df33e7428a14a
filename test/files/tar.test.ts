import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { FixityBroken } from '../../src/files/fixity/compare.js';
import { makeTar } from '../../src/files/tar.js';
import { closeThreads } from '../../src/files/threads.js';
import { makeTree, readTree, scratch } from './trees.js';

const { at } = scratch();
afterAll(() => closeThreads());

const members = (names: readonly string[]) =>
  names.map((name) => ({ path: at('from', name), name: `original/${name}` }));

test('a tar holds the files byte for byte under any name, as the tar of the system reads it', async () => {
  const tree = {
    '1.pdf': 'x'.repeat(513),
    empty: '',
    'line\nbreak.pdf': 'two',
    'é 🗞️.pdf': 'three',
    [`${'long'.repeat(60)}.pdf`]: 'four',
    '-rf.pdf': 'y'.repeat(1024),
  };
  makeTree(at('from'), tree);
  makeTree(at('out'), {});
  await makeTar(at('original.tar'), members(Object.keys(tree)));
  execFileSync('tar', ['-xf', at('original.tar'), '-C', at('out')]);
  expect(readTree(at('out', 'original'))).toEqual(tree);
});

test('the same files give the same bytes', async () => {
  makeTree(at('from'), { '1.pdf': 'one', '2.pdf': 'two' });
  for (const name of ['a.tar', 'b.tar']) await makeTar(at(name), members(['1.pdf', '2.pdf']));
  expect(readFileSync(at('a.tar')).equals(readFileSync(at('b.tar')))).toBe(true);
});

test('what is not accepted does not land, and leaves nothing behind', async () => {
  makeTree(at('from'), { '1.pdf': 'one' });
  const accept = () => {
    throw new Error('its sum is not as recorded');
  };
  await expect(makeTar(at('original.tar'), members(['1.pdf']), { accept })).rejects.toThrow(
    /original\.tar" could not be written: its sum is not as recorded/,
  );
  expect(readdirSync(at('.'))).toEqual(['from']);
});

test('what is found to be broken says so itself, and keeps its class', async () => {
  makeTree(at('from'), { '1.pdf': 'one' });
  const broken = new FixityBroken(at('from'), [{ path: '1.pdf', is: 'missing' }]);
  const accept = () => {
    throw broken;
  };
  await expect(makeTar(at('original.tar'), members(['1.pdf']), { accept })).rejects.toBe(broken);
  expect(readdirSync(at('.'))).toEqual(['from']);
});

test('a symlink among the members is refused', async () => {
  makeTree(at('from'), {});
  execFileSync('ln', ['-s', '/etc/passwd', at('from', '1.pdf')]);
  await expect(makeTar(at('original.tar'), members(['1.pdf']))).rejects.toThrow(
    /symlink.*replace it by the file itself, then requeue/,
  );
  writeFileSync(at('x'), '');
  expect(readdirSync(at('.')).sort()).toEqual(['from', 'x']);
});
