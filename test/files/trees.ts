/** Small directory trees for tests: made from, and read back as, `{ path: content }`; a path with "/" at its end is a directory. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach } from 'vitest';

export type Content = Record<string, string>;

/** A fresh directory for each test of a file; call it once at the top. Its name has a space in it. */
export function scratch(): { readonly path: string; at: (...parts: string[]) => string } {
  let path = '';
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'files '));
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
    at: (...parts) => join(path, ...parts),
  };
}

export function makeTree(root: string, content: Content): void {
  mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(content)) {
    mkdirSync(path.endsWith('/') ? join(root, path) : dirname(join(root, path)), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(join(root, path), text);
  }
}

/** Everything below a directory, also what is hidden or temporary; directories only when empty. */
export function readTree(root: string, below = ''): Content {
  const entries = readdirSync(join(root, below), { withFileTypes: true });
  if (entries.length === 0 && below !== '') return { [`${below}/`]: '' };
  const parts = entries.map((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    return entry.isDirectory() ? readTree(root, path) : { [path]: readFileSync(join(root, path), 'utf8') };
  });
  return Object.assign({}, ...parts) as Content;
}

/** File names as people and machines make them: spaces, newlines, quotes, any script, up to the longest. */
export const fileName = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.constantFrom(
      'a b',
      'line\nbreak',
      "it's",
      '"quoted"',
      '-rf',
      '$(x)',
      'é',
      'e\u0301',
      '日本語',
      '🗞️',
      'x'.repeat(255),
    ),
  )
  .filter((name) => !/[/\0]/.test(name) && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 255)
  .filter((name) => Buffer.from(name).toString() === name)
  .filter((name) => name !== '__proto__'); // no key for the objects that tell a tree here

/** A tree two levels deep. */
export const treeContent: fc.Arbitrary<Content> = fc
  .tuple(
    fc.dictionary(fileName, fc.string(), { maxKeys: 5 }),
    fc.dictionary(
      fc.tuple(fileName, fileName).map((names) => names.join('/')),
      fc.string(),
      { maxKeys: 5 },
    ),
  )
  .map(([files, deeper]) => {
    const top = new Set(Object.keys(deeper).map((path) => path.split('/')[0]));
    return { ...Object.fromEntries(Object.entries(files).filter(([name]) => !top.has(name))), ...deeper };
  });
