/** BagIt to the letter: what we write is valid by our reader and by sha256sum; whatever lies there is told, not thrown (RFC 8493). */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { formatTags, parseTags, payloadOxum } from '../../../src/files/bagit/bag-info.js';
import { formatManifest, parseManifest } from '../../../src/files/bagit/bag-manifest.js';
import { formatBagPath, parseBagPath, UnlistablePath } from '../../../src/files/bagit/bag-path.js';
import { parseDeclaration } from '../../../src/files/bagit/declaration.js';
import { parseFetchList } from '../../../src/files/bagit/fetch-list.js';
import { validateBag } from '../../../src/files/bagit/validate-bag.js';
import { makeTagFiles, writeTagFiles } from '../../../src/files/bagit/write-bag.js';
import { closeThreads } from '../../../src/files/threads.js';
import { anyText, oddName, runs, spoilt, wellFormed } from '../../support/odd-text.js';
import { scratch } from '../trees.js';

const { at } = scratch();
afterAll(() => closeThreads());
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const versions = fc.constantFrom('0.97', '1.0' as const);
/** Also names that mean something to Windows. */
const names = fc.oneof(oddName, fc.constantFrom('a\\..\\b', '..\\x', '~', 'C:', 'C:\\x', '%TEMP%', 'a\\b', '*', '* a', ' lead', 'trail ', 'a\rb', '%0a', '%250A')); // prettier-ignore
const paths = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => `data/${parts.join('/')}`);
/** Also of files beside the payload, which tag manifests list. */
const beside = fc.oneof(paths, names);
/** No file where another path has a directory. */
const trees = fc
  .uniqueArray(paths, { maxLength: 6 })
  .map((all) => all.filter((path) => !all.some((other) => other.startsWith(`${path}/`))));

/** Undefined when that version cannot list one of them. */
function manifestOf(all: readonly string[], version: number): string | undefined {
  try {
    return formatManifest(all.map((path) => ({ path, sum: sha256(path) })), version); // prettier-ignore
  } catch (error) {
    expect(error).toBeInstanceOf(UnlistablePath);
    expect((error as Error).message).toMatch(/cannot be listed in a bag.*rename it/s); // names the path
    return undefined;
  }
}

test('what a manifest can list it lists: every path is read back, none is refused by the reader', () => {
  fc.assert(
    fc.property(fc.uniqueArray(beside, { maxLength: 6 }), versions, (all, version) => {
      const text = manifestOf(all, Number(version));
      if (text === undefined) return;
      const { sums, problems } = parseManifest(text, { name: 'm', algorithm: 'sha256', version: Number(version) });
      expect(problems).toEqual([]);
      expect(new Map(sums)).toEqual(new Map(all.map((path) => [path, sha256(path)])));
    }),
    runs(400),
  );
});

test('a name that Windows would follow out of the bag is not written into one', () => {
  expect(() => formatManifest([{ path: 'data/a\\..\\b', sum: sha256('x') }], 1)).toThrow('leads out of its directory');
  expect(() => formatManifest([{ path: '* a', sum: sha256('x') }], 1)).toThrow('begins with a blank or "*"');
});

test('sha256sum finds every file right that a manifest of plain names lists', () => {
  const plain = trees.map((all) => all.filter((path) => !/[\\\r\n%]/.test(path))); // others it writes otherwise
  fc.assert(
    fc.property(plain, (all) => {
      const bag = at('bag');
      rmSync(bag, { recursive: true, force: true });
      mkdirSync(bag);
      for (const path of all) {
        mkdirSync(dirname(join(bag, path)), { recursive: true });
        writeFileSync(join(bag, path), path);
      }
      const text = manifestOf(all, 1) ?? '';
      writeFileSync(join(bag, 'manifest-sha256.txt'), text);
      if (all.length > 0)
        execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'manifest-sha256.txt'], { cwd: bag, stdio: 'pipe' }); // prettier-ignore
    }),
    runs(25),
  );
});

test('a bag of files of any names is valid, or was refused with the name before it was written', async () => {
  let bags = 0;
  await fc.assert(
    fc.asyncProperty(trees, versions, fc.array(fc.tuple(fc.constantFrom('Source-Organization', 'Contact-Name'), anyText.map(wellFormed))), async (all, version, info) => { // prettier-ignore
      if (manifestOf(all, Number(version)) === undefined) return;
      const bag = at(`bag ${(bags += 1)}`);
      mkdirSync(join(bag, 'data'), { recursive: true });
      for (const path of all) {
        mkdirSync(dirname(join(bag, path)), { recursive: true });
        writeFileSync(join(bag, path), path);
      }
      const payload = all.map((path) => ({ path, size: Buffer.byteLength(path), sha256: sha256(path) }));
      await writeTagFiles(bag, makeTagFiles({ version, payload, info }));
      const { problems, files } = await validateBag(bag);
      expect(problems).toEqual([]);
      expect(files).toBe(all.length + 3);
    }), // prettier-ignore
    runs(25),
  );
});

test('a path that is read stays in the bag, whatever was written', () => {
  const written = fc.oneof(names, paths, fc.array(fc.constantFrom('..', '.', '', 'a', '%2e%2e', '%2F', '\\', '~', '%0A', '//'), { maxLength: 5 }).map((parts) => parts.join('/'))); // prettier-ignore
  fc.assert(
    fc.property(fc.oneof(written, spoilt(written), anyText), versions, (text, version) => {
      const found = parseBagPath(text, Number(version));
      if ('unsafe' in found) return;
      expect(join('/bag', found.path)).toBe(`/bag/${found.path}`); // already plain, and below
      expect(found.path).not.toContain('\0');
      let again: string;
      try {
        again = formatBagPath(found.path, Number(version));
      } catch (error) {
        expect(error).toBeInstanceOf(UnlistablePath);
        return;
      }
      expect(parseBagPath(again, Number(version))).toMatchObject({ path: found.path });
    }),
    runs(1500),
  );
});

test('tags are read as they were written, in their order', () => {
  const label = fc.oneof(fc.constantFrom('Source-Organization', 'Payload-Oxum', 'X y'), oddName.filter((text) => /^[^\s:](?:[^:\r\n]*[^\s:])?$/.test(text))); // prettier-ignore
  const value = anyText.map(wellFormed);
  fc.assert(
    fc.property(fc.array(fc.tuple(label, value), { maxLength: 5 }), (tags) => {
      const flat = tags.map(([name, text]) => [name, text.replaceAll(/\s*[\r\n]+\s*/g, ' ').trim()]);
      expect(parseTags(formatTags(tags))).toEqual(flat);
      expect(formatTags(parseTags(formatTags(tags)))).toBe(formatTags(tags));
      expect(() => payloadOxum(tags)).not.toThrow();
    }),
    runs(500),
  );
});

test('any bytes as the tag files of a bag: the problems are told, nothing is thrown', async () => {
  const sum = sha256('x');
  const right = {
    'bagit.txt': 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n',
    'manifest-sha256.txt': `${sum}  data/a\n`,
    'bag-info.txt': 'Payload-Oxum: 1.1\nExternal-Description: a\n  b\n',
    'fetch.txt': 'https://x/ - data/b\n',
    'tagmanifest-sha256.txt': `${sum}  bagit.txt\n`,
  };
  const encoding = fc.constantFrom('UTF-8', 'UTF-16', 'utf-16le', 'ISO-8859-1', 'nonsense', 'x-user-defined').map((name) => `BagIt-Version: 1.0\nTag-File-Character-Encoding: ${name}\n`); // prettier-ignore
  const tagFile = (text: string) =>
    fc.oneof({ arbitrary: fc.constant(Buffer.from(text)), weight: 3 }, fc.uint8Array({ maxLength: 60 }), spoilt(fc.constant(text)).map((each) => Buffer.from(each))); // prettier-ignore
  const all = fc.record({
    'bagit.txt': fc.oneof(
      tagFile(right['bagit.txt']),
      encoding.map((text) => Buffer.from(text)),
    ),
    'manifest-sha256.txt': tagFile(right['manifest-sha256.txt']),
    'bag-info.txt': tagFile(right['bag-info.txt']),
    'fetch.txt': tagFile(right['fetch.txt']),
    'tagmanifest-sha256.txt': tagFile(right['tagmanifest-sha256.txt']),
  });
  const bag = at('bag');
  mkdirSync(join(bag, 'data'), { recursive: true });
  writeFileSync(join(bag, 'data/a'), 'x');
  await fc.assert(
    fc.asyncProperty(all, async (files) => {
      for (const [name, bytes] of Object.entries(files)) writeFileSync(join(bag, name), bytes);
      const { problems, warnings } = await validateBag(bag);
      expect([...problems, ...warnings].every((text) => text.length > 0 && text.length < 5000)).toBe(true);
      expect(problems.length).toBeGreaterThan(0); // data/b is never there, or nothing is understood
    }),
    runs(40),
  );
  fc.assert(
    fc.property(fc.uint8Array(), anyText, (bytes, text) => {
      parseDeclaration(Buffer.from(bytes));
      parseTags(text);
      parseFetchList(text, 1);
      parseManifest(text, { name: 'm', algorithm: 'sha256', version: 1 });
    }),
    runs(300),
  );
});
