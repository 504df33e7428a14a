/** NCA's `.manifest`: any files of any times are written and read alike; any bytes at all are a manifest or none (newspapers spec 5.7). */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { formatInstant, parseInstant } from '../../src/files/instant.js';
import { buildManifest, lastModified, readManifest, sameFiles, writeManifest, type Manifest } from '../../src/files/manifest.js'; // prettier-ignore
import { closeThreads } from '../../src/files/threads.js';
import { anyText, oddName, runs, spoilt, wellFormed } from '../support/odd-text.js';
import { scratch } from './trees.js';

const { at } = scratch();
afterAll(() => closeThreads());
let directories = 0;
function fresh(): string {
  const directory = at(`d${++directories}`);
  mkdirSync(directory);
  return directory;
}

const SECOND = 1_000_000_000n;
/** Year 1 to 9999, to the nanosecond. */
const instants = fc.oneof(
  fc.bigInt(-62_135_596_800n * SECOND, 253_402_300_800n * SECOND - 1n),
  fc.constantFrom(0n, -1n, 1n, 253_402_300_800n * SECOND - 1n, -62_135_596_800n * SECOND, 951_782_400n * SECOND),
);
const manifests: fc.Arbitrary<Manifest> = fc.record({
  created: instants,
  files: fc.uniqueArray(
    fc.record({
      name: anyText.map(wellFormed),
      sum: fc.constantFrom('', 'a'.repeat(64), '0123456789abcdef'.repeat(4)),
      size: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      mode: fc.nat({ max: 0xffff_ffff }),
      modTime: instants,
    }),
    { maxLength: 4, selector: ({ name }) => name },
  ),
  hashAlgo: fc.constantFrom('', 'sha256' as const),
});

test('what is written is read: any names, sizes, modes and times of the years 1 to 9999', async () => {
  const directory = fresh();
  await fc.assert(
    fc.asyncProperty(manifests, async (manifest) => {
      await writeManifest(directory, manifest);
      const read = await readManifest(directory);
      expect(read).toEqual(manifest);
      expect(read && sameFiles(manifest, read)).toBe(true);
    }),
    runs(100),
  );
});

test('two manifests are the same whichever is asked, and not when one lists a file twice in place of another', () => {
  const file = (name: string) => ({ name, sum: '', size: 1, mode: 420, modTime: 0n });
  const some = fc.array(fc.constantFrom('a', 'b', 'c').map(file), { maxLength: 3 });
  fc.assert(
    fc.property(some, some, (one, other) => {
      const [a, b] = [one, other].map((files): Manifest => ({ created: 0n, files, hashAlgo: '' }));
      if (!a || !b) return;
      const names = (files: typeof one) => files.map(({ name }) => name).sort().join(); // prettier-ignore
      expect(sameFiles(a, b)).toBe(sameFiles(b, a));
      if (sameFiles(a, b) && new Set(names(one).split(',')).size === one.length) expect(names(one)).toBe(names(other));
    }),
    runs(300),
  );
});

test('any bytes as a .manifest: it counts or is made anew, nothing is thrown, and then it is as we wrote it', async () => {
  const directory = fresh();
  writeFileSync(join(directory, 'page.pdf'), 'x');
  const whole = JSON.stringify({
    ...{ Created: '2024-05-06T07:08:09.12Z', HashAlgo: '' },
    Files: [{ Name: 'page.pdf', Sum: '', Size: 1, Mode: 420, ModTime: '2024-05-06T07:08:09Z' }],
  });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    anyText.map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(text)),
    spoilt(fc.constant(whole)).map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (content) => {
      writeFileSync(join(directory, '.manifest'), content);
      const now = new Date('2026-01-01T00:00:00Z');
      const since = await lastModified(directory, now);
      const again = await lastModified(directory, new Date('2026-01-02T00:00:00Z'));
      expect(again).toEqual(since); // nothing has changed between the two looks
    }),
    runs(50),
  );
});

test('a file of the year 20000, or of 30 million years on, starts the clock of its directory once', async () => {
  if (!existsSync('/dev/shm')) return; // disks end earlier
  const directory = mkdtempSync('/dev/shm/pressmark-');
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [i, seconds] of [568_971_820_800, 1e15, 253_402_300_800].entries()) {
    writeFileSync(join(directory, 'page.pdf'), '');
    utimesSync(join(directory, 'page.pdf'), seconds, seconds);
    const now = new Date(Date.UTC(2026, 1, i + 1));
    rmSync(join(directory, '.manifest'), { force: true });
    expect(await lastModified(directory, now)).toEqual(now);
    expect(await lastModified(directory, new Date(Date.UTC(2027, 1, 1)))).toEqual(now);
  }
});

test('June 31 and 24:00 are no times', () => {
  for (const text of ['2024-06-31T00:00:00Z', '2023-02-29T00:00:00Z', '2024-06-30T24:00:00Z'])
    expect(() => parseInstant(text)).toThrow('is no RFC 3339 time');
});

test('files of any name and any time that a file can have are unchanged until they change', async () => {
  // what file systems of 64 bits keep reaches beyond the years that can be written down
  const seconds = fc.oneof(fc.integer({ min: -3e9, max: 5e9 }), fc.constantFrom(-62_135_596_801, 253_402_300_799, 253_402_300_800, 8_640_000_000_001, 1e15)); // prettier-ignore
  const files = fc.uniqueArray(fc.tuple(oddName, seconds), { maxLength: 4, selector: ([name]) => name });
  await fc.assert(
    fc.asyncProperty(files, async (all) => {
      const directory = fresh();
      for (const [name, time] of all) {
        writeFileSync(join(directory, name), '');
        utimesSync(join(directory, name), time, time);
      }
      const first = await lastModified(directory, new Date('2026-01-01T00:00:00Z'));
      expect(first).toEqual(new Date('2026-01-01T00:00:00Z'));
      expect(await lastModified(directory, new Date('2026-01-03T00:00:00Z'))).toEqual(first);
      const visible = all.find(([name]) => !name.startsWith('.'));
      if (!visible) return;
      const path = join(directory, visible[0]);
      utimesSync(path, 1_000_000, 1_000_000);
      const moved = statSync(path).mtimeMs !== visible[1] * 1000;
      const third = await lastModified(directory, new Date('2026-01-04T00:00:00Z'));
      expect(third).toEqual(moved ? new Date('2026-01-04T00:00:00Z') : first);
    }),
    runs(30),
  );
});

test('a text is an instant that is written alike, or is refused as none; an impossible day is none', () => {
  const near = instants.map(formatInstant);
  const parts = fc
    .tuple(fc.integer({ min: 0, max: 9999 }), fc.nat(13), fc.nat(32), fc.nat(25), fc.nat(61), fc.nat(61))
    .map(([year, ...rest]) => {
      const [month, day, hour, minute, second] = rest.map((value) => String(value).padStart(2, '0'));
      return `${String(year).padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}Z`;
    });
  fc.assert(
    fc.property(fc.oneof(anyText, spoilt(near), near, parts), (text) => {
      let instant: bigint;
      try {
        instant = parseInstant(text);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        expect((error as Error).message).toContain('is no RFC 3339 time');
        return;
      }
      const written = formatInstant(instant);
      expect(parseInstant(written)).toBe(instant);
      const [whole, fraction = ''] = text.replace(/Z$/, '').split('.');
      // Bidirectional where it is UTC: another instant than the one that was typed would make an upload look older or newer.
      if (text.endsWith('Z')) expect(written).toBe(`${whole ?? ''}${fraction.replace(/0+$/, '') === '' ? '' : `.${fraction.replace(/0+$/, '')}`}Z`); // prettier-ignore
    }),
    runs(500),
  );
});

test('a manifest of a directory has its files, sorted, each once, with its size', async () => {
  const names = fc.uniqueArray(oddName, { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(names, async (all) => {
      const directory = fresh();
      for (const name of all) writeFileSync(join(directory, name), name);
      const { files } = await buildManifest(directory);
      const visible = all.filter((name) => !name.startsWith('.'));
      const sorted = visible.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(files.map(({ name, size }) => [name, size])).toEqual(
        sorted.map((name) => [name, Buffer.byteLength(name)]),
      );
    }),
    runs(50),
  );
});
