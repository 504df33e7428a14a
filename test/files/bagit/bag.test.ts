/** Writing bags and reading them again: whatever the files are called, and whatever happened to them since. */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { formatManifest, parseManifest } from '../../../src/files/bagit/bag-manifest.js';
import { parseBagPath } from '../../../src/files/bagit/bag-path.js';
import { formatTags, parseTags } from '../../../src/files/bagit/bag-info.js';
import { validateBag } from '../../../src/files/bagit/validate-bag.js';
import { makeTagFiles, writeTagFiles, type BagContents } from '../../../src/files/bagit/write-bag.js';
import { closeThreads } from '../../../src/files/threads.js';
import { makeTree, readTree, scratch, treeContent, type Content } from '../trees.js';

const { at } = scratch();
afterAll(() => closeThreads());

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const record = (path: string, text: string) => ({ path, size: Buffer.byteLength(text), sha256: sha256(text) });

/** Makes a bag of these files (below data) at a place of its own. */
async function givenBag(content: Content, version: BagContents['version'] = '0.97', name = 'bag'): Promise<string> {
  const bag = at(name);
  makeTree(join(bag, 'data'), content);
  const payload = Object.entries(content).map(([path, text]) => record(`data/${path}`, text));
  await writeTagFiles(bag, makeTagFiles({ version, payload, info: [['Source-Organization', 'A library']] }));
  return bag;
}
const CONTENT: Content = { 'foo.txt': 'foo', 'bar baz.txt': 'bar', 'subdir/other.txt': 'other' };

describe('a bag that we wrote', () => {
  test('is valid, also to the letter', async () => {
    const bag = await givenBag(CONTENT);
    expect(await validateBag(bag)).toEqual({
      problems: [],
      warnings: [],
      files: 6,
      bytes: expect.any(Number) as number,
    });
    const { data, ...tags } = readTree(bag);
    expect(data).toBeUndefined();
    expect(tags['bagit.txt']).toBe('BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n');
    expect(tags['manifest-sha256.txt']).toBe(
      `${sha256('bar')}  data/bar baz.txt\n${sha256('foo')}  data/foo.txt\n${sha256('other')}  data/subdir/other.txt\n`,
    );
    expect(tags['bag-info.txt']).toBe('Source-Organization: A library\nPayload-Oxum: 11.3\n');
    const told = (name: string) => `${sha256(tags[name] ?? '')}  ${name}\n`;
    expect(tags['tagmanifest-sha256.txt']).toBe(
      ['bag-info.txt', 'bagit.txt', 'manifest-sha256.txt'].map(told).join(''),
    );
  });

  test('(W16) is valid whatever its files are called: spaces, line breaks, %, any script', async () => {
    let bags = 0;
    await fc.assert(
      fc.asyncProperty(treeContent, async (content) => {
        const bag = await givenBag(content, '1.0', `bag ${(bags += 1)}`);
        mkdirSync(join(bag, 'data'), { recursive: true });
        expect((await validateBag(bag)).problems).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('(W16) of version 0.97 keeps % as it is, and cannot be made of a name with a line break', async () => {
    const bag = await givenBag({ '100%25 new.txt': 'x' });
    expect((await validateBag(bag)).problems).toEqual([]);
    await expect(givenBag({ 'line\nbreak': 'x' }, '0.97', 'other')).rejects.toThrow('"data/line\\nbreak"');
  });

  test('lists other tag files when told of them (newspapers 11.3, bag d)', async () => {
    const bag = await givenBag(CONTENT);
    writeFileSync(join(bag, 'README.txt'), 'read me');
    const others = [record('README.txt', 'read me')];
    const payload = Object.entries(CONTENT).map(([path, text]) => record(`data/${path}`, text));
    await writeTagFiles(bag, makeTagFiles({ version: '0.97', payload, info: [], others }));
    expect((await validateBag(bag)).problems).toEqual([]);
    writeFileSync(join(bag, 'README.txt'), 'read it');
    expect((await validateBag(bag)).problems.join()).toMatch(/README\.txt has the sha256 sum/);
  });
});

describe('a bag is refused', () => {
  const harm: [string, (bag: string) => void, RegExp][] = [
    ['when a bit of a file flipped', (bag) => writeFileSync(join(bag, 'data/foo.txt'), 'fog'), new RegExp(`data/foo.txt has the sha256 sum ${sha256('fog')}, but ${sha256('foo')} is listed in manifest-sha256.txt`)],
    ['when a file is gone', (bag) => rmSync(join(bag, 'data/foo.txt')), /data\/foo\.txt is missing/],
    ['when a file came', (bag) => writeFileSync(join(bag, 'data/new'), 'x'), /data\/new is there, but listed in no manifest/],
    ['when a file was renamed', (bag) => renameSync(join(bag, 'data/foo.txt'), join(bag, 'data/Foo.txt')), /data\/foo\.txt is missing.*\n.*data\/Foo\.txt is there/],
    ['when its manifest was altered (11.3, bag c)', (bag) => appendFileSync(join(bag, 'manifest-sha256.txt'), '\n'), /manifest-sha256\.txt has the sha256 sum .* tagmanifest-sha256\.txt/],
    ['when the number of bytes is wrong', (bag) => appendFileSync(join(bag, 'data/foo.txt'), 'more'), /Payload-Oxum says 11\.3, but the payload is 15\.3/],
    ['when it holds a symlink', (bag) => symlinkSync('/etc/passwd', join(bag, 'data/link')), /link.* \(symlink\) cannot be in a bag/],
    ['when it has no manifest', (bag) => rmSync(join(bag, 'manifest-sha256.txt')), /there is no manifest-ALGORITHM/],
    ['when it has no data', (bag) => rmSync(join(bag, 'data'), { recursive: true }), /the directory data is not there/],
    ['when a manifest line is none', (bag) => appendFileSync(join(bag, 'manifest-sha256.txt'), 'abc  data/foo.txt\n'), /line 4: "abc\s+data\/foo\.txt" is no sha256 sum and a path/],
    ['when nobody knows its algorithm', (bag) => writeFileSync(join(bag, 'manifest-crc32.txt'), ''), /manifest-crc32\.txt names an algorithm that is not known/],
    ['when its encoding is unknown', (bag) => writeFileSync(join(bag, 'bagit.txt'), 'BagIt-Version: 0.97\nTag-File-Character-Encoding: Klingon\n'), /the encoding "Klingon" is not known/],
    ['when a tag file is no text', (bag) => writeFileSync(join(bag, 'manifest-sha256.txt'), Buffer.from([0xff, 0xfe, 0x80])), /manifest-sha256\.txt cannot be read: it is not the UTF-8/],
    ['when a killed process left something', (bag) => writeFileSync(join(bag, 'data/.pressmark-01234567-0123456789abcdef.jp2'), ''), /is the rest of a process that was killed/],
    ['when fetch.txt names what no manifest does', (bag) => writeFileSync(join(bag, 'fetch.txt'), 'http://x - data/x\n'), /fetch\.txt names data\/x, which is listed in no manifest/],
  ]; // prettier-ignore
  test.each(harm)('%s', async (_, act, words) => {
    const bag = await givenBag(CONTENT);
    act(bag);
    expect((await validateBag(bag)).problems.join('\n')).toMatch(words);
  });

  test('without reading its payload, when names or sizes do not fit', async () => {
    const bag = await givenBag(CONTENT);
    writeFileSync(join(bag, 'data/foo.txt'), 'fog');
    expect(await validateBag(bag, { readPayload: false })).toMatchObject({ problems: [], files: 3 });
    rmSync(join(bag, 'data/subdir/other.txt'));
    expect((await validateBag(bag, { readPayload: false })).problems).toHaveLength(2);
  });

  test('that is not there: as trouble of the disk, not as a verdict', async () => {
    await expect(validateBag(at('none'))).rejects.toThrow(/is not there/);
    await expect(validateBag(at('no', 'disk'))).rejects.toThrow(/is its disk mounted/);
  });
});

test('validating stops when told', async () => {
  const bag = await givenBag(CONTENT);
  await expect(validateBag(bag, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});

describe('a path in a manifest', () => {
  test.each(['../x', 'data/../../x', '/etc/passwd', '~/x', '~root/x', 'C:\\x', 'c:/x', '\\\\server\\x', '%HomeDrive%\\x', 'data\\..\\..\\x', '', 'a\0b', 'data//x', 'data/./x'])(
    '%j is refused',
    (path) => expect(parseBagPath(path, 0.97)).toHaveProperty('unsafe'),
  ); // prettier-ignore

  test('may have what only looks like that', () => {
    for (const path of ['data/..x', 'data/x..', 'data/~x', 'data/a b', 'data/%7E', 'data/c:x', 'data/back\\slash'])
      expect(parseBagPath(path, 0.97)).toEqual({ path });
  });

  test('is decoded since version 1.0 only', () => {
    expect(parseBagPath('data/a%0Ab%0dc%25d', 1)).toEqual({ path: 'data/a\nb\rc%d' });
    expect(parseBagPath('data/a%0Ab', 0.97)).toEqual({ path: 'data/a%0Ab' });
    expect(parseBagPath('%2e%2e/x', 1)).toMatchObject({ path: '%2e%2e/x' }); // nothing else is decoded
  });

  test('survives being written and read', () => {
    const names = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map((name) => `data/${name.replaceAll(/[\0/\\.]/g, 'x')}`);
    fc.assert(
      fc.property(fc.uniqueArray(names), (paths) => {
        const text = formatManifest(paths.map((path) => ({ path, sum: sha256(path) })), 1); // prettier-ignore
        const { sums, problems } = parseManifest(text, { name: 'm', algorithm: 'sha256', version: 1 });
        expect(problems).toEqual([]);
        expect(new Map(sums)).toEqual(new Map(paths.map((path) => [path, sha256(path)])));
      }),
    );
  });
});

test('a manifest is read with sums in either case, and any line ends', () => {
  const sum = sha256('x');
  const text = `${sum.toUpperCase()}  data/a\r\n${sum}\tdata/b c\r${sum}  data/d`;
  const { sums, problems } = parseManifest(text, { name: 'm', algorithm: 'sha256', version: 1 });
  expect({ sums: [...sums], problems }).toEqual({
    sums: [['data/a', sum], ['data/b c', sum], ['data/d', sum]],
    problems: [],
  }); // prettier-ignore
});

test('tags are read with their continuations, and written on one line each', () => {
  const text = 'Source-Organization: A\r\n  library\nTest-Tag : 1\nTest-Tag:2\nno tag\n';
  const tags = [['Source-Organization', 'A library'], ['Test-Tag', '1'], ['Test-Tag', '2']] as const; // prettier-ignore
  expect(parseTags(text)).toEqual(tags);
  expect(formatTags([...tags, ['Note', 'two\n lines']])).toBe(
    'Source-Organization: A library\nTest-Tag: 1\nTest-Tag: 2\nNote: two lines\n',
  );
});

test('an encoding other than UTF-8 is read', async () => {
  const bag = await givenBag({ 'naïve.txt': 'x' });
  const manifest = readFileSync(join(bag, 'manifest-sha256.txt'), 'utf8');
  writeFileSync(join(bag, 'bagit.txt'), 'BagIt-Version: 0.97\nTag-File-Character-Encoding: ISO-8859-1\n');
  writeFileSync(join(bag, 'manifest-sha256.txt'), Buffer.from(manifest, 'latin1'));
  rmSync(join(bag, 'tagmanifest-sha256.txt'));
  expect((await validateBag(bag)).problems).toEqual([]);
});
