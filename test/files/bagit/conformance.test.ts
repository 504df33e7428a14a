/** The Library of Congress' conformance suite for BagIt (preservation spec 7.5): every bag of it gets the verdict of its folder. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { validateBag } from '../../../src/files/bagit/validate-bag.js';
import { closeThreads } from '../../../src/files/threads.js';
import { scratch } from '../trees.js';

const SUITE = join(import.meta.dirname, '../../../../shared/data/bagit-conformance-suite');
const there = existsSync(SUITE);
const { at } = scratch();
afterAll(() => closeThreads());

/** "v0.97/valid/basic-bag" ... of one verdict. */
function bagsOf(verdict: string): string[] {
  if (!there) return ['(the suite is not in ../shared/data)'];
  const directories = (path: string) => readdirSync(path).filter((name) => statSync(join(path, name)).isDirectory());
  return directories(SUITE)
    .filter((version) => existsSync(join(SUITE, version, verdict)))
    .flatMap((version) => directories(join(SUITE, version, verdict)).map((bag) => join(version, verdict, bag)));
}

/** What every bag that must be refused is refused for, so that none is refused for another reason. */
const REASONS: Record<string, RegExp> = {
  'baginfo-missing-encoding': /second line of bagit\.txt must read/,
  'bom-in-bagit.txt': /byte order mark/,
  'corrupt-data-file': /data\/\S+ has the md5 sum [\da-f]{32}, but [\da-f]{32} is listed in manifest-md5\.txt/,
  'corrupt-tag-file': /bag-info\.txt has the md5 sum .* listed in tagmanifest-md5\.txt/,
  'extra-file-in-bag': /data\/bar is there, but listed in no manifest/,
  'invalid-version-number': /names version "\.97"/,
  'missing-baginfo': /bag-info\.txt is missing, but listed in tagmanifest-md5\.txt/,
  'missing-bagit.txt': /bagit\.txt is not there/,
  'out-of-scope-file-paths-using-dot-notation': /leads out of its directory/,
  'same-filename-listed-twice-with-different-hashes': /listed twice, with different sums/,
  'bagit-with-invalid-whitespace': /first line of bagit\.txt must read/,
  notAllManifestsListAllFiles: /missingFromManifest\.txt is there, but listed not in every manifest/,
  'same-filename-listed-twice-with-the-same-hash': /data\/README is listed twice/,
  'out-of-scope-file-paths-using-absolute-path': /is absolute|absolute path of Windows/,
  'out-of-scope-file-paths-using-shortcut': /begins with "~"|variable of Windows/,
  'out-of-scope-file-paths-using-shortcut-username': /begins with "~"/,
  'out-of-scope-file-paths-using-unc': /absolute path of Windows/,
};
/** What every bag that is valid but odd is warned of. */
const ODDITIES: Record<string, RegExp> = {
  'duplicate-file-with-different-case': /differ only in case/,
  'made-with-md5sum-tools': /"\*" before the path/,
  'relative-path': /begins with "\.\/"/,
  'same-filename-listed-twice-with-different-normalization': /differ only in how their letters are composed/,
  'same-filename-listed-twice-with-the-same-hash': /data\/README is listed twice/,
  'special-system-files': /a system left there by itself/,
};
const of = (table: Record<string, RegExp>, bag: string): RegExp => {
  const wanted = table[bag.replace(/^.*\//, '').replace(/-for-fetch$/, '')];
  if (!wanted) throw new Error(`the suite has a bag that nobody thought of: ${bag}`);
  return wanted;
};

test.skipIf(!there)('the suite has the bags that it had when this was written', () => {
  const counts = ['valid', 'invalid', 'warning', 'linux-only', 'windows-only'].map((verdict) => bagsOf(verdict).length);
  expect(counts).toEqual([27, 15, 6, 6, 6]);
});

describe.skipIf(!there)('of the conformance suite', () => {
  test.each(bagsOf('valid'))('%s is valid', async (bag) => {
    const { problems, files } = await validateBag(join(SUITE, bag));
    expect(problems).toEqual([]);
    expect(files).toBeGreaterThan(2);
  });

  // Paths out of the bag are refused on every system: a bag that names C:\ is as wrong on Linux as one that names /tmp.
  test.each([...bagsOf('invalid'), ...bagsOf('linux-only'), ...bagsOf('windows-only')])(
    '%s is invalid',
    async (bag) => {
      const { problems } = await validateBag(join(SUITE, bag));
      expect(problems.join('\n')).toMatch(of(REASONS, bag));
    },
  );

  test.each(bagsOf('warning'))('%s is valid, with a warning', async (bag) => {
    const copy = at('bag');
    cpSync(join(SUITE, bag), copy, { recursive: true });
    restoreWhatGitCannotKeep(bag, copy);
    const { problems, warnings } = await validateBag(copy);
    expect(problems).toEqual([]);
    expect(warnings.join('\n')).toMatch(of(ODDITIES, bag));
  });
});

/**
 * Three bags of the suite lack a file in git: a name that differs only in case or composition from another, and .DS_Store.
 * As they lie there they are incomplete, and are told so (preservation spec 7.5, the bags with *).
 */
function restoreWhatGitCannotKeep(bag: string, copy: string): void {
  const data = join(copy, 'data');
  if (bag.endsWith('different-case')) {
    cpSync(join(data, 'hello.txt'), join(data, 'HELLO.txt'));
    const info = join(copy, 'bag-info.txt'); // counted before the twin was there; the tag manifest lists it as it is
    expect(readFileSync(info, 'utf8')).toContain('Payload-Oxum: 6.1');
    rewriteOxum(copy, '6.1', '12.2');
  }
  if (bag.endsWith('different-normalization')) {
    const [there] = readdirSync(data);
    for (const form of ['NFC', 'NFD']) {
      const name = 'Núñez'.normalize(form);
      if (name !== there) writeFileSync(join(data, name), '');
    }
  }
  if (bag.endsWith('special-system-files')) writeFileSync(join(data, '.DS_Store'), '');
  mkdirSync(data, { recursive: true });
}

function rewriteOxum(copy: string, from: string, to: string): void {
  for (const name of ['tagmanifest-sha512.txt', 'bag-info.txt']) {
    const path = join(copy, name);
    const text = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      name === 'bag-info.txt'
        ? text.replace(`Payload-Oxum: ${from}`, `Payload-Oxum: ${to}`)
        : text.replace(/^.*bag-info\.txt\n/m, ''), // a tag manifest need not list every tag file
    );
  }
}

test.skipIf(!there)('the three bags that git cut are incomplete as they lie there', async () => {
  for (const name of [
    'duplicate-file-with-different-case',
    'same-filename-listed-twice-with-different-normalization',
    'special-system-files',
  ]) {
    const { problems } = await validateBag(join(SUITE, 'v0.97/warning', name));
    expect(problems.join('\n')).toMatch(/is missing, but listed in manifest-sha512\.txt/);
  }
});
