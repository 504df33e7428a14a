import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { formatInstant, parseInstant } from '../../src/files/instant.js';
import { buildManifest, lastModified, readManifest, sameFiles, writeManifest } from '../../src/files/manifest.js';
import { closeThreads } from '../../src/files/threads.js';
import { makeTree, scratch } from './trees.js';

const { at } = scratch();
afterAll(() => closeThreads());
const issue = () => at('issue');
const noon = new Date('2024-05-06T12:00:00.120Z');
const later = new Date('2024-05-06T13:30:00Z');

describe('the file .manifest (spec 5.7)', () => {
  test('is one line of JSON with exactly these keys in this order, mode 0600', async () => {
    makeTree(issue(), { '0001.pdf': 'one', 'b.pdf': '', '.hidden': 'x', '.dir/x': '' });
    chmodSync(at('issue', '0001.pdf'), 0o644);
    chmodSync(at('issue', 'b.pdf'), 0o4600);
    utimesSync(at('issue', '0001.pdf'), 0, 1_700_000_000);
    utimesSync(at('issue', 'b.pdf'), 0, 1_700_000_000.25);
    await writeManifest(issue(), await buildManifest(issue(), { now: noon }));
    const file = (name: string, size: number, mode: number, time: string) =>
      `{"Name":"${name}","Sum":"","Size":${size},"Mode":${mode},"ModTime":"${time}"}`;
    expect(readFileSync(at('issue', '.manifest'), 'utf8')).toBe(
      `{"Created":"2024-05-06T12:00:00.12Z","Files":[${file('0001.pdf', 3, 420, '2023-11-14T22:13:20Z')},` +
        `${file('b.pdf', 0, 384 + 2 ** 23, '2023-11-14T22:13:20.25Z')}],"HashAlgo":""}`,
    );
    expect(statSync(at('issue', '.manifest')).mode & 0o777).toBe(0o600);
  });

  test('with sums says so; an empty directory has null', async () => {
    makeTree(issue(), { 'a.pdf': 'aaa' });
    await writeManifest(issue(), await buildManifest(issue(), { sums: true }));
    const written = JSON.parse(readFileSync(at('issue', '.manifest'), 'utf8')) as {
      Files: { Sum: string }[];
      HashAlgo: string;
    };
    expect(written.HashAlgo).toBe('sha256');
    expect(written.Files[0]?.Sum).toBe(createHash('sha256').update('aaa').digest('hex'));
    makeTree(at('empty'), {});
    await writeManifest(at('empty'), await buildManifest(at('empty')));
    expect(readFileSync(at('empty', '.manifest'), 'utf8')).toContain('"Files":null');
    expect(await readManifest(at('empty'))).toMatchObject({ files: [] });
  });

  test('what NCA wrote can be read: nanoseconds, an offset, files in any order', async () => {
    makeTree(issue(), {
      '.manifest':
        '{"Created":"2019-07-01T10:00:00.123456789-07:00","Files":[{"Name":"b","Sum":"","Size":1,"Mode":420,"ModTime":"2019-07-01T10:00:00.000000001-07:00"},{"Name":"a","Sum":"00ff","Size":2,"Mode":436,"ModTime":"2019-07-01T10:00:00Z"}],"HashAlgo":"sha256"}\n',
    });
    expect(await readManifest(issue())).toEqual({
      created: 1_562_000_400_123_456_789n,
      hashAlgo: 'sha256',
      files: [
        { name: 'b', sum: '', size: 1, mode: 420, modTime: 1_562_000_400_000_000_001n },
        { name: 'a', sum: '00ff', size: 2, mode: 436, modTime: 1_561_975_200_000_000_000n },
      ],
    });
  });

  test('writing and reading is lossless', async () => {
    makeTree(issue(), { 'a & <b>.pdf': 'x', '日本\n.pdf': 'y' });
    const manifest = await buildManifest(issue(), { sums: true });
    await writeManifest(issue(), manifest);
    expect(await readManifest(issue())).toEqual(manifest);
  });

  test('none, or none that can be understood, is none', async () => {
    makeTree(issue(), {});
    expect(await readManifest(issue())).toBeUndefined();
    for (const text of ['', '{}', '{"Created":"yesterday","Files":null,"HashAlgo":""}', '{"Created"']) {
      writeFileSync(at('issue', '.manifest'), text);
      expect(await readManifest(issue())).toBeUndefined();
    }
  });

  test('anything that is no regular file is an error that names it', async () => {
    makeTree(issue(), { 'deep/x': '' });
    symlinkSync('x', at('issue', 'link'));
    await expect(buildManifest(issue())).rejects.toThrow(/deep" \(directory\), .*link" \(symlink\)/);
  });

  test('two are of the same files when all but the order agrees, and sums where both have them', async () => {
    makeTree(issue(), { 'a.pdf': 'a', 'b.pdf': 'b' });
    const [plain, hashed] = [await buildManifest(issue()), await buildManifest(issue(), { sums: true })];
    expect(sameFiles(plain, { ...hashed, created: 0n, files: hashed.files.toReversed() })).toBe(true);
    expect(sameFiles(hashed, { ...hashed, files: hashed.files.map((file) => ({ ...file, sum: '00' })) })).toBe(false);
    expect(sameFiles(plain, { ...plain, files: plain.files.slice(1) })).toBe(false);
    for (const change of [{ name: 'x' }, { size: 9 }, { mode: 0 }, { modTime: 1n }]) {
      expect(sameFiles(plain, { ...plain, files: plain.files.map((file) => ({ ...file, ...change })) })).toBe(false);
    }
  });
});

describe('since when a directory is as it is (spec 5.4.4)', () => {
  const seen = async (now: Date) => (await lastModified(issue(), now)).toISOString();

  test('the clock starts at first sight, however old the files are, and runs while nothing changes', async () => {
    makeTree(issue(), { '1.pdf': 'x' });
    utimesSync(at('issue', '1.pdf'), 1, 1);
    expect(await seen(noon)).toBe(noon.toISOString());
    expect(await seen(later)).toBe(noon.toISOString());
  });

  test.each([
    ['a touched file', () => utimesSync(at('issue', '1.pdf'), 2, 2)],
    ['an added file', () => writeFileSync(at('issue', '2.pdf'), '')],
    ['a deleted file', () => rmSync(at('issue', '1.pdf'))],
    ['a renamed file', () => renameSync(at('issue', '1.pdf'), at('issue', '9.pdf'))],
    ['a changed mode', () => chmodSync(at('issue', '1.pdf'), 0o600)],
    ['a lost manifest', () => rmSync(at('issue', '.manifest'))],
  ])('%s starts it anew', async (_, change) => {
    makeTree(issue(), { '1.pdf': 'x', 'kept.pdf': '' });
    chmodSync(at('issue', '1.pdf'), 0o644);
    await seen(noon);
    change();
    expect(await seen(later)).toBe(later.toISOString());
    expect(await seen(new Date('2024-05-07'))).toBe(later.toISOString());
  });

  test('dotfiles do not count', async () => {
    makeTree(issue(), { '1.pdf': 'x' });
    await seen(noon);
    writeFileSync(at('issue', '.DS_Store'), '');
    expect(await seen(later)).toBe(noon.toISOString());
  });

  test('a directory that vanished, or holds what is no file, is modified now; nothing is written', async () => {
    expect(await seen(noon)).toBe(noon.toISOString());
    makeTree(issue(), { '1.pdf': '' });
    mkdirSync(at('issue', 'deep'));
    expect(await seen(noon)).toBe(noon.toISOString());
    expect(await seen(later)).toBe(later.toISOString());
    expect(existsSync(at('issue', '.manifest'))).toBe(false);
  });
});

describe('instants', () => {
  test('to the nanosecond, before and after 1970, there and back', () => {
    const years = 200n * 365n * 86_400n * 1_000_000_000n;
    fc.assert(fc.property(fc.bigInt(-years, years), (instant) => parseInstant(formatInstant(instant)) === instant));
    expect(formatInstant(-1n)).toBe('1969-12-31T23:59:59.999999999Z');
  });

  test('what is no RFC 3339 time is refused', () => {
    for (const text of [
      '',
      'now',
      '2024-05-06',
      '2024-05-06T12:00:00',
      '2024-13-06T12:00:00Z',
      '2024-05-06T12:00:00.Z',
    ]) {
      expect(() => parseInstant(text)).toThrow(RangeError);
    }
  });
});
