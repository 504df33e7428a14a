import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dumpSource, readDump } from '../../../src/newspapers/nca/dump/read-dump.js';
import {
  NCA_TABLE_NAMES,
  NCA_TABLES,
  type NcaRows,
  type NcaTable,
  type NcaValue,
} from '../../../src/newspapers/nca/tables.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { dumpText, HEAD, NOT_READ, tableText, TAIL } from './dump-text.js';
import { emptySite, wholeRow, type Site } from './nca-tables.js';
import { sampleSite } from './sample-site.js';

/** The text in pieces of so many bytes. */
async function* pieces(text: string | Buffer, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

async function collect(source: AsyncIterable<NcaRows>): Promise<Record<NcaTable, NcaValue[][]>> {
  const tables = Object.fromEntries(NCA_TABLE_NAMES.map((table) => [table, [] as NcaValue[][]]));
  for await (const { table, rows } of source) tables[table]?.push(...rows);
  return tables as Record<NcaTable, NcaValue[][]>; // all names
}

const read = (text: string | Buffer, size = 1 << 20) => collect(readDump('nca.sql', pieces(text, size)));

/** What must come out: the values of the columns that are read, as texts. */
const expected = (site: Site) =>
  Object.fromEntries(
    NCA_TABLE_NAMES.map((table) => [
      table,
      site[table].map((row) => {
        const whole = wholeRow(table, row);
        return NCA_TABLES[table].map((column) => (whole[column] == null ? null : String(whole[column])));
      }),
    ]),
  );

/** A dump whose organisations are these, in the words of the dump. */
const withMocs = (values: string) =>
  dumpText(emptySite()).replace(
    '/*!40000 ALTER TABLE `mocs` DISABLE KEYS */;',
    `INSERT INTO \`mocs\` VALUES ${values};`,
  );

describe('a dump of mysqldump', () => {
  it('is read whole: every table, every row, every value', async () => {
    const site = sampleSite('/nca');
    expect(await read(dumpText(site))).toEqual(expected(site));
  });

  it.each([1, 2, 3, 7, 64, 1000])('is read alike in pieces of %i bytes', async (size) => {
    const site = sampleSite('/nca');
    expect(await read(dumpText(site), size)).toEqual(expected(site));
  });

  it('may be one dump per table, one after the other, gzipped one by one or as a whole', async () => {
    const directory = await temporaryDirectory();
    const site = sampleSite('/nca');
    const parts = NCA_TABLE_NAMES.map((table) => HEAD + tableText(table, site[table]) + TAIL);
    const files = { 'parts.sql.gz': Buffer.concat(parts.map((part) => gzipSync(part))), 'whole.gz': gzipSync(parts.join('')), 'plain.sql': Buffer.from(parts.join('')) }; // prettier-ignore
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(join(directory, name), bytes);
      const source = await dumpSource(join(directory, name));
      expect(await collect(source.read())).toEqual(expected(site));
      expect(source.progress()).toEqual({ done: bytes.length, total: bytes.length });
    }
  });

  it('is read with every escape of MySQL', async () => {
    const text = String.raw`(1,'\0\b\t\n\r\Z\\\'\"\%\_\x''','a;b),(''c'),(2,'',NULL)`;
    const { mocs } = await read(withMocs(text));
    expect(mocs).toEqual([
      ['1', "\0\b\t\n\r\x1a\\'\"\\%\\_x'", "a;b),('c"],
      ['2', '', null],
    ]);
  });

  it('is read with numbers, hex blobs and introducers', async () => {
    const hex = Buffer.from('Öl 🎈').toString('hex');
    const { mocs } = await read(
      withMocs(`(-1,0x${hex.toUpperCase()},x'${hex}'), \n (2,_binary 'a\\'b',1.5e3),(3,_utf8mb4'z',0x)`),
    );
    expect(mocs).toEqual([
      ['-1', 'Öl 🎈', 'Öl 🎈'],
      ['2', "a'b", '1.5e3'],
      ['3', 'z', ''],
    ]);
  });

  it('is read with columns in another order, named in the INSERT', async () => {
    const named = withMocs('').replace(
      'INSERT INTO `mocs` VALUES ;',
      "INSERT INTO `mocs` (`name`, `id`, `code`) VALUES ('N',7,'c');",
    );
    expect((await read(named)).mocs).toEqual([['7', 'c', 'N']]);
  });

  it('gives back every text that went in, wherever the pieces end', async () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 50 }), async (names, size) => {
        const site = emptySite();
        site.mocs = names.map((name, i) => ({ id: i + 1, code: 'x', name }));
        const text = HEAD + NCA_TABLE_NAMES.map((table) => tableText(table, site[table])).join('');
        expect((await read(`${text}${TAIL}`, size)).mocs).toEqual(expected(site)['mocs']);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a dump is refused, with the place and the remedy,', () => {
  const whole = dumpText(sampleSite('/nca'));

  it.each([
    ['that is cut off within a row', whole.slice(0, whole.indexOf('page 3 is')), /ends within the rows of actions/],
    [
      'that is cut off within a statement',
      whole.slice(0, whole.lastIndexOf('READ LOCAL') >= 0 ? 1 : whole.indexOf('ENGINE=')),
      /ends within a statement/,
    ],
    ['that is cut off within a comment', whole.slice(0, whole.indexOf('/*!40000') + 5), /ends within a comment/],
    ['whose end is missing', whole.replace('-- Dump completed', '-- '), /"-- Dump completed" is missing/],
    [
      'one part of which has no end',
      HEAD + tableText('mocs', []) + whole,
      /"-- Dump completed" is missing|second time/,
    ],
    [
      'that has no structure',
      whole.replace(/CREATE TABLE `titles`[^;]*;/, ''),
      /rows of titles come before its CREATE TABLE/,
    ],
    ['of half the tables', HEAD + tableText('mocs', []) + TAIL, /no CREATE TABLE of titles, users, batches/],
    [
      'of an older NCA',
      whole.replace('  `page_labels_csv` text DEFAULT NULL,\n', ''),
      /issues has no page_labels_csv: bring NCA to version 6\.3/,
    ],
    ['with a table twice', whole.replace(TAIL, tableText('mocs', []) + TAIL), /mocs comes a second time/],
    ['of two databases', `USE \`nca\`;\n${whole}USE \`other\`;`, /two databases, nca and other/],
    [
      'in another character set',
      whole.replace('SET NAMES utf8mb4', 'SET NAMES latin1'),
      /texts are in latin1.*--default-character-set=utf8mb4/,
    ],
    [
      'with times of no known zone',
      whole
        .replace(/(`actions` \([^;]*)`created_at` datetime/, '$1`created_at` timestamp')
        .replace("SET TIME_ZONE='+00:00'", ''),
      /times of actions\.created_at are in no known time zone/,
    ],
    [
      'with rows of too few values',
      withMocs("(1,'oru')"),
      /row of mocs that begins "\(1,'oru'\).*2 values, the table 3 columns/,
    ],
    ['with rows of too many values', withMocs("(1,'oru','x',4)"), /more than 3 values/],
    ['with values of other programs', withMocs("(1,now(),'x')"), /"now\(" is no value that mysqldump writes/],
    [
      'with something between the rows',
      withMocs("(1,'a','b') (2,'c','d')"),
      /after a row of mocs "," or ";" must come/,
    ],
    [
      'with a DELETE',
      whole.replace(TAIL, `DELETE FROM mocs;\n${TAIL}`),
      /"DELETE FROM mocs.* is nothing that mysqldump writes/,
    ],
    ['that is something else', 'PK\x03\x04 not a dump', /nothing that mysqldump writes/],
    ['that is empty', '', /no CREATE TABLE of mocs/],
  ])('%s', async (_what, text, message) => {
    await expect(read(text, 100)).rejects.toThrow(message);
    await expect(read(text)).rejects.toThrow(/^nca\.sql, byte \d+: /);
  });

  it('with a text that never ends, before it fills the memory', async () => {
    const endless = `${HEAD}${tableText('mocs', [])}INSERT INTO \`mocs\` VALUES (1,'oru','${'x'.repeat(80 * 1024 * 1024)}`;
    await expect(read(endless, 16 * 1024 * 1024)).rejects.toThrow(
      /what begins here does not end: nothing ends within 67108864 bytes/,
    );
  });

  it('with bytes that are no UTF-8', async () => {
    const bytes = Buffer.from(withMocs("(1,'oru','caf#')"));
    bytes[bytes.indexOf('caf#') + 3] = 0xe9;
    await expect(read(bytes)).rejects.toThrow(
      /row of mocs.*not UTF-8: dump it again with --default-character-set=utf8mb4/,
    );
  });

  it('whose gzip is cut off or damaged, or that is not there', async () => {
    const directory = await temporaryDirectory();
    const zipped = gzipSync(whole + NOT_READ.repeat(100));
    await writeFile(join(directory, 'cut.gz'), zipped.subarray(0, zipped.length - 100));
    const damaged = Buffer.from(zipped);
    damaged.fill(0, 200, 300);
    await writeFile(join(directory, 'damaged.gz'), damaged);
    for (const name of ['cut.gz', 'damaged.gz']) {
      const source = await dumpSource(join(directory, name));
      await expect(collect(source.read())).rejects.toThrow(/the gzip file is damaged or cut off/);
    }
    await expect(dumpSource(join(directory, 'none.sql'))).rejects.toThrow(/none\.sql cannot be read/);
    await expect(dumpSource(directory)).rejects.toThrow(/cannot be read/);
  });
});
