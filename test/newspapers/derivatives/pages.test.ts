import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { collectPages } from '../../../src/newspapers/derivatives/pages.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
const put = (...names: string[]) => Promise.all(names.map((name) => writeFile(join(directory, name), '')));
const at = (name: string) => join(directory, name);

test('born-digital pages come in order, with what may lie beside them', async () => {
  await put('0010.pdf', '0002.pdf', '0002.jp2', '0002.xml', '1856051001.xml', 'original.tar', '.manifest', '.DS_Store');
  expect(await collectPages(directory, 'borndigital')).toEqual([
    { number: 1, name: '0002', pdf: at('0002.pdf'), image: at('0002.pdf') },
    { number: 2, name: '0010', pdf: at('0010.pdf'), image: at('0010.pdf') },
  ]);
});

test('scanned pages are made from their TIFFs', async () => {
  await put('0001.pdf', '0001.tif');
  expect(await collectPages(directory, 'scan')).toEqual([
    { number: 1, name: '0001', pdf: at('0001.pdf'), image: at('0001.tif') },
  ]);
});

describe('is refused, naming what does not fit:', () => {
  const cases: [string, 'borndigital' | 'scan', string[], RegExp][] = [
    ['no page', 'borndigital', [], /no page PDF/],
    ['no scan', 'scan', ['0001.pdf'], /no page TIFF/],
    ['a PDF without its TIFF', 'scan', ['0001.pdf', '0002.pdf', '0001.tif'], /page 0002 has a PDF but no TIFF/],
    ['a TIFF without its PDF', 'scan', ['0001.pdf', '0001.tif', '0002.tif'], /page 0002 has a TIFF but no PDF/],
    ['equal counts of other pages', 'scan', ['0001.pdf', '0002.tif'], /page 0001 has a PDF but no TIFF/],
    ['a derivative without its page', 'borndigital', ['0001.pdf', '0003.jp2'], /a derivative 0003/],
    ['a name that only begins well (W25)', 'borndigital', ['0001.pdf', '0001.pdf.bak'], /0001\.pdf\.bak/],
    ['a name with another character for the dot (W25)', 'borndigital', ['0001.pdf', '0002xpdf'], /0002xpdf/],
    ['five digits', 'borndigital', ['0001.pdf', '00002.pdf'], /00002\.pdf/],
    ['an upload that was not split', 'borndigital', ['0001.pdf', 'journal.pdf'], /journal\.pdf \(file\)/],
    ['eleven digits', 'borndigital', ['0001.pdf', '18560510011.xml'], /18560510011\.xml/],
  ];
  test.each(cases)('%s', async (_, kind, names, reason) => {
    await put(...names);
    await expect(collectPages(directory, kind)).rejects.toThrow(FatalError);
    await expect(collectPages(directory, kind)).rejects.toThrow(reason);
  });

  test('a directory and a link under the name of a page', async () => {
    await put('0001.pdf');
    await mkdir(at('0002.pdf'));
    await expect(collectPages(directory, 'borndigital')).rejects.toThrow(/0002\.pdf \(directory\)/);
    await symlink('/etc/passwd', at('0001.xml'));
    await expect(collectPages(directory, 'borndigital')).rejects.toThrow(/0001\.xml \(symlink\)/);
  });
});
