/** Metadata in files and in lines, whatever people and their programs write (newspapers spec 9). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { givenOf, METADATA_FIELDS, metadataParameters, withGiven, type MetadataFields } from '../../../src/newspapers/metadata/fields.js'; // prettier-ignore
import { checkLabels, isNone, parseLabels, type Label } from '../../../src/newspapers/metadata/labels.js';
import { METADATA_COLUMNS, readCsv, readJson, readMetadataFile, UnreadableMetadata, type MetadataEntry } from '../../../src/newspapers/metadata/read-file.js'; // prettier-ignore
import { rows, useDatabase } from '../../engine/support.js';
import { anyText, ODD, runs, spoilt, wellFormed } from '../../support/odd-text.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const own = useDatabase();

const columns = fc.subarray(METADATA_COLUMNS.filter((name) => name !== 'issue')).chain((some) => fc.shuffledSubarray(['issue', ...some], { minLength: some.length + 1 })); // prettier-ignore
/** As a spreadsheet writes a cell: in quotes when it must. */
const cell = (text: string, delimiter: string) =>
  /["\r\n]/.test(text) || text.includes(delimiter) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
const tables = columns.chain((names) =>
  fc.record({
    names: fc.constant(names),
    cells: fc.array(fc.array(anyText.map(wellFormed), { minLength: names.length, maxLength: names.length }), { maxLength: 4 }), // prettier-ignore
    delimiter: fc.constantFrom(',', ';', '\t'),
    end: fc.constantFrom('\n', '\r\n'),
    mark: fc.constantFrom('', '\ufeff'),
  }),
);

test('what a spreadsheet writes is read cell for cell: quotes, line breaks, delimiters and marks of every kind', async () => {
  const path = join(await temporaryDirectory(), 'metadata.csv');
  await fc.assert(
    fc.asyncProperty(tables, async ({ names, cells, delimiter: wanted, end, mark }) => {
      const delimiter = names.length > 1 ? wanted : ','; // one column alone says nothing of its delimiter
      const given = cells.map((row) => row.map((text) => text.replaceAll('\r\n', '\n').replaceAll('\r', '')));
      // A line that is empty is none.
      const kept = given.filter((row) => row.some((text) => text !== ''));
      const text = [names, ...given].map((row) => row.map((each) => cell(each, delimiter)).join(delimiter)).join(end);
      writeFileSync(path, mark + text);
      const read = await readMetadataFile(path);
      const expected = kept.map((row) => {
        const all: [string, string][] = row.map((value, i) => [names[i] ?? '', value]);
        const parameters = all.filter(([name, value]) => name !== 'issue' && value !== '');
        return { issue: row[names.indexOf('issue')] ?? '', parameters: Object.fromEntries(parameters) };
      });
      if (names.length > 1 || kept.length === given.length)
        expect(read.filter(({ issue, parameters }) => issue !== '' || Object.keys(parameters).length > 0).map(({ issue, parameters }) => ({ issue, parameters }))).toEqual(expected); // prettier-ignore
    }),
    runs(150),
  );
});

test('any bytes are entries, or are refused with the path and the remedy', async () => {
  const directory = await temporaryDirectory();
  const right = 'issue,volume,labels\nsn1/1856051001,12,"1,2,,4"\n';
  const content = fc.oneof(
    fc.uint8Array(),
    fc.oneof(anyText, fc.json(), spoilt(fc.constant(right)), fc.array(fc.record({ issue: anyText, volume: fc.jsonValue() }, { requiredKeys: [] })).map((all) => JSON.stringify(all))).map((text) => Buffer.from(text)), // prettier-ignore
  );
  await fc.assert(
    fc.asyncProperty(content, fc.constantFrom('a.csv', 'a.json', 'a.txt'), async (bytes, name) => {
      const path = join(directory, name);
      writeFileSync(path, bytes);
      let entries: MetadataEntry[] | undefined;
      try {
        entries = await readMetadataFile(path);
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableMetadata);
        expect((error as Error).message).toMatch(new RegExp(`^${path}: .`));
      }
      for (const { where, issue, parameters } of entries ?? []) {
        expect(where).toMatch(/^(line|entry) \d+$/);
        expect(typeof issue).toBe('string');
        expect(METADATA_COLUMNS).toEqual(expect.arrayContaining(Object.keys(parameters)));
      }
    }),
    runs(250),
  );
});

test('JSON gives back what was written, in its order', () => {
  const entry = fc.record({ issue: fc.oneof(fc.nat(), anyText), volume: fc.option(anyText), labels: fc.option(fc.array(fc.option(anyText))), edition: fc.option(fc.integer()) }); // prettier-ignore
  fc.assert(
    fc.property(fc.array(entry), (all) => {
      const read = readJson(JSON.stringify(all));
      const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;
      expect(read.map(({ issue }) => issue)).toEqual(all.map(({ issue }) => String(issue)));
      expect(read.map(({ parameters }) => parameters)).toEqual(
        all.map((each) => plain(Object.fromEntries(Object.entries(each).filter(([name, value]) => name !== 'issue' && value !== null)))), // prettier-ignore
      );
    }),
    runs(200),
  );
});

test('labels typed in one line, or as a JSON list, are the labels; any line is labels or plainly none', () => {
  const label = anyText.map((text) => wellFormed(text).trim());
  fc.assert(
    fc.property(fc.array(label), (labels) => {
      expect(parseLabels(JSON.stringify(labels))).toEqual(labels);
      const simple = labels.filter((text) => !text.includes(','));
      const line = simple.join(',');
      if (simple.length > 0 && !/^\s*\[\s*("|null\b|\])/.test(line)) expect(parseLabels(line)).toEqual(simple);
    }),
    runs(400),
  );
  fc.assert(
    fc.property(fc.oneof(anyText, fc.json()), fc.nat(5), (line, pages) => {
      const labels = parseLabels(line);
      if (labels === undefined) return;
      const parsed = metadataParameters.labels.safeParse(line);
      if (!parsed.success || parsed.data === undefined) return;
      const told = checkLabels(parsed.data, pages);
      if (told === undefined) expect(parsed.data).toHaveLength(pages);
      else expect(told).not.toBe('');
    }),
    runs(400),
  );
});

test('labels pass exactly when somebody looked at every page', () => {
  const labels = fc.array(fc.constantFrom<Label>(null, '', '0', '1', 'A1'), { maxLength: 4 });
  fc.assert(
    fc.property(labels, fc.nat(4), (all, pages) => {
      const looked = all.length === pages && pages > 0 && all.every((each) => each !== null) && all.some((each) => each !== ''); // prettier-ignore
      expect(checkLabels(all, pages) === undefined).toBe(looked);
      expect(all.filter((each) => each !== null && isNone(each))).toEqual(all.filter((each) => each === '' || each === '0')); // prettier-ignore
    }),
    runs(300),
  );
});

test('what a field takes can be kept, printed in XML and taken again; what it refuses it refuses in words', async () => {
  const values = fc.oneof(anyText, fc.constantFrom(...ODD), fc.integer(), fc.double(), fc.jsonValue(), fc.array(fc.option(anyText)), fc.string({ minLength: 490, maxLength: 510 })); // prettier-ignore
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...METADATA_FIELDS), values), { minLength: 20, maxLength: 30 }), async (all) => {
      const taken = all.flatMap(([field, value]) => {
        const parsed = metadataParameters[field].safeParse(value);
        if (!parsed.success) {
          expect(parsed.error.issues.every(({ message }) => /^(it|Invalid|Too|Expected)/.test(message))).toBe(true);
          return [];
        }
        expect(metadataParameters[field].safeParse(parsed.data)).toEqual(parsed); // taken again it is the same
        return parsed.data === undefined ? [] : [[field, parsed.data] as const];
      });
      const json = JSON.stringify(taken);
      const [kept] = await rows<{ kept: unknown }>(own, 'select $1::jsonb as kept', [json]);
      expect(kept?.kept).toEqual(JSON.parse(json));
      for (const [, value] of taken) expect(String(value)).toBe(wellFormed(String(value)));
    }), // prettier-ignore
    runs(25),
  );
});

test('what was given stands over what was known, and nothing else changes; a day as labelled follows the day', () => {
  const fields: fc.Arbitrary<MetadataFields> = fc.record({ date: fc.constantFrom('d1', 'd2'), dateAsLabeled: fc.constantFrom('d1', 'd2', ''), volume: anyText, issueNumber: anyText, edition: fc.nat(), editionLabel: anyText, labels: fc.array(fc.option(anyText)), comment: anyText }); // prettier-ignore
  fc.assert(
    fc.property(fields, fields, fc.subarray([...METADATA_FIELDS]), (known, other, some) => {
      const given = givenOf(Object.fromEntries(some.map((field) => [field, other[field]])));
      const merged = withGiven(known, given);
      for (const field of METADATA_FIELDS) {
        const follows = field === 'dateAsLabeled' && known.dateAsLabeled === known.date && !some.includes('dateAsLabeled'); // prettier-ignore
        expect(merged[field]).toEqual(some.includes(field) ? other[field] : follows ? merged.date : known[field]);
      }
      expect(withGiven(merged, given)).toEqual(merged);
    }),
    runs(200),
  );
});

test('CSV of any text is read or refused, never thrown at', async () => {
  await fc.assert(
    fc.asyncProperty(anyText, async (text) => {
      await readCsv(text).catch((error: unknown) => expect(error).toBeInstanceOf(UnreadableMetadata));
      await readCsv(`issue,volume\n${text}`).catch((error: unknown) =>
        expect(error).toBeInstanceOf(UnreadableMetadata),
      );
    }),
    runs(200),
  );
});
