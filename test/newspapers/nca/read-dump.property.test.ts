/** NCA dumps: any texts in any pieces, and whatever is left of a dump after an accident. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readDump } from '../../../src/newspapers/nca/dump/read-dump.js';
import { NCA_TABLE_NAMES, NCA_TABLES, NcaUnreadable, type NcaValue } from '../../../src/newspapers/nca/tables.js';
import { anyText, ODD, runs, wellFormed } from '../../support/odd-text.js';
import { dumpText, HEAD, tableText, TAIL } from './dump-text.js';
import { emptySite, wholeRow } from './nca-tables.js';
import { sampleSite } from './sample-site.js';

/** The bytes in pieces that end at these places. */
async function* pieces(bytes: Buffer, ends: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const end of [...ends, bytes.length].map((each) => Math.min(each, bytes.length)).sort((a, b) => a - b)) {
    await Promise.resolve();
    if (end > from) yield bytes.subarray(from, end);
    from = end;
  }
}

type Read = Record<string, NcaValue[][]> | string;

/** The rows by table, or the refusal; any other error breaks the test. */
async function read(bytes: Buffer, ends: readonly number[] = []): Promise<Read> {
  const tables: Record<string, NcaValue[][]> = {};
  try {
    for await (const { table, rows } of readDump('nca.sql', pieces(bytes, ends))) (tables[table] ??= []).push(...rows);
    return tables;
  } catch (error) {
    expect(error).toBeInstanceOf(NcaUnreadable);
    return (error as Error).message;
  }
}

const places = fc.array(fc.nat(40_000), { maxLength: 30 });
const text = fc.oneof(anyText, fc.array(fc.constantFrom(...ODD, "\\'", "''", '),(', ');\n', '/*', '*/', '-- ', '\x1a', '\\%', '\\'), { maxLength: 6 }).map((parts) => parts.join(''))).map(wellFormed); // prettier-ignore

test('every text comes back as it went in, wherever the pieces end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 6 }), places, async (texts, ends) => {
      const site = emptySite();
      site.mocs = texts.map(([code, name], i) => ({ id: i + 1, code, name }));
      const dump = HEAD + NCA_TABLE_NAMES.map((table) => tableText(table, site[table])).join('') + TAIL;
      const expected = site.mocs.map((row) => {
        const whole = wholeRow('mocs', row);
        return NCA_TABLES.mocs.map((column) => (whole[column] == null ? null : String(whole[column])));
      });
      expect(await read(Buffer.from(dump), ends)).toMatchObject({ mocs: expected });
    }),
    runs(60),
  );
});

const whole = Buffer.from(dumpText(sampleSite('/nca')));
const accidents = fc.array(
  fc.record({ at: fc.nat(whole.length), deed: fc.constantFrom('cut', 'end', 'byte', 'insert', 'swap'), length: fc.nat(200), what: fc.oneof(fc.constantFrom("'", '"', '\\', ';', '`', '(', ')', ',', '/*', '*/', '--', '\n', '\0', 'INSERT INTO `mocs` VALUES (', 'USE `x`;', 'CREATE TABLE `mocs` (', 'DELIMITER ;;\n', "SET NAMES latin1;"), anyText) }), // prettier-ignore
  { minLength: 1, maxLength: 3 },
);
type Accident = { at: number; deed: string; length: number; what: string };
const after = (bytes: Buffer, { at, deed, length, what }: Accident): Buffer => {
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  if (deed === 'cut') return Buffer.concat([head, tail.subarray(length)]);
  if (deed === 'end') return head;
  if (deed === 'insert') return Buffer.concat([head, Buffer.from(what), tail]);
  if (deed === 'swap') return Buffer.concat([head, tail.subarray(length, 2 * length), tail.subarray(0, length), tail.subarray(2 * length)]); // prettier-ignore
  return Buffer.concat([head, Buffer.from([length % 256]), tail.subarray(1)]);
};

test('whatever happened to a dump: its rows, or one refusal with the place; alike wherever the pieces end', async () => {
  const refused = new Set<string>();
  await fc.assert(
    fc.asyncProperty(accidents, places, async (all, ends) => {
      const bytes = all.reduce(after, whole);
      const found = await read(bytes);
      if (typeof found === 'string') {
        refused.add(found.replace(/^.*?: /, '').slice(0, 20));
        expect(found).toMatch(/^nca\.sql, byte \d+: ./);
        const [, byte] = /byte (\d+)/.exec(found) ?? [];
        expect(Number(byte)).toBeLessThanOrEqual(bytes.length);
      }
      const again = await read(bytes, ends);
      if (typeof found === 'string') expect(typeof again).toBe('string');
      else expect(again).toEqual(found);
    }),
    runs(60),
  );
  expect(refused.size).toBeGreaterThan(0);
});

test('a dump that was cut off anywhere is never taken for a whole one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - '-- Dump completed'.length - 30), async (length) => {
      const read1 = await read(whole.subarray(0, length));
      expect(typeof read1).toBe('string');
    }),
    runs(60),
  );
});

test('any bytes are no dump', async () => {
  const bytes = fc.oneof(fc.uint8Array(), anyText.map((each) => Buffer.from(each)), fc.constantFrom(HEAD, TAIL, HEAD + TAIL).map((each) => Buffer.from(each))); // prettier-ignore
  await fc.assert(
    fc.asyncProperty(bytes, places, async (content, ends) => {
      expect(typeof (await read(Buffer.from(content), ends))).toBe('string');
    }),
    runs(200),
  );
});
