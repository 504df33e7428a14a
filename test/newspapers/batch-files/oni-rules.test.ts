/** What Open ONI would stumble over in a batch: ours, broken ones, and those that others made (newspapers spec 8.7). */
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { closeThreads } from '../../../src/files/threads.js';
import { writeBatchXml } from '../../../src/newspapers/batch-files/batch-xml.js';
import { checkForOni } from '../../../src/newspapers/batch-files/oni-rules.js';
import { useDatabase } from '../../engine/support.js';
import { BatchStage, givenPages, type GivenBatch } from './batch-stage.js';

const stage = new BatchStage(useDatabase(), givenPages());
afterAll(() => closeThreads());

let given: GivenBatch;
let bag: string;
/** The scan of the batch, below the batch. */
let issue: string;
beforeEach(async () => {
  given = await stage.batch(2);
  for (const job of stage.jobs(given).slice(0, 3)) await stage.run(job);
  bag = given.output;
  const scan = given.issues.find(({ kind }) => kind === 'scan');
  issue = join(bag, 'data', scan?.lccn ?? '', 'print/1856051001');
});
/** Changes a file; the links of it stay as they are. */
function rewrite(path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'utf8');
  rmSync(path);
  expect(change(text)).not.toBe(text);
  writeFileSync(path, change(text));
}
const mets = () => join(issue, '1856051001.xml');
const alto = () => join(issue, '0002.xml');

test('a batch of ours is loaded whole', async () => {
  expect(await checkForOni(bag, { awardees: ['mwa'] })).toEqual([]);
});

test('an organisation that the site does not know is told', async () => {
  expect(await checkForOni(bag, { awardees: ['oru'] })).toEqual([
    'no awardee has the code mwa, the second part of its name',
  ]);
});

describe('told is', () => {
  const harms: [string, () => void, RegExp][] = [
    ['a batch without its list', () => rmSync(join(bag, 'data/batch.xml')), /^data holds none of batch_1\.xml/],
    ['a list that is cut', () => rewrite(join(bag, 'data/batch.xml'), (text) => text.slice(0, -20)), /^data\/batch\.xml cannot be read: .*unclosed/],
    ['a list in no namespace', () => rewrite(join(bag, 'data/batch.xml'), (text) => text.replaceAll('loc.gov/ndnp', 'loc.gov/x')), /lists no issue/],
    ['an issue twice', () => rewrite(join(bag, 'data/batch.xml'), (text) => text.replace(/(<issue .*<\/issue>)/, '$1$1')), /twice/],
    ['an issue out of the batch', () => rewrite(join(bag, 'data/batch.xml'), (text) => text.replace(/>sn/, '>../sn')), /the path does not stay in data/],
    ['a METS that is gone', () => rmSync(mets()), /1856051001\.xml: there is no such file/],
    ['a METS that is cut', () => rewrite(mets(), (text) => text.slice(0, 2000)), /1856051001\.xml: cannot be read/],
    ['a METS without an issue', () => rewrite(mets(), (text) => text.replace('"np:issue"', '"np:x"')), /no div of TYPE np:issue/],
    ['an issue without MODS', () => rewrite(mets(), (text) => text.replace('DMDID="issueModsBib"', 'DMDID="x"')), /its issue has no MODS/],
    ['an edition that is no number', () => rewrite(mets(), (text) => text.replace(/(type="edition">\s*<mods:number>)1/, '$1one')), /edition is no whole number/],
    ['a date that is none', () => rewrite(mets(), (text) => text.replace('>1856-05-10<', '>1856-02-30<')), /first dateIssued "1856-02-30" is no day/],
    ['an issue without LCCN', () => rewrite(mets(), (text) => text.replace('type="lccn"', 'type="issn"')), /names no LCCN/],
    ['an issue without pages', () => rewrite(mets(), (text) => text.replaceAll('np:page', 'np:x')), /it has no page/],
    ['a page without its place', () => rewrite(mets(), (text) => text.replace('<mods:start>2<', '<mods:start>two<')), /page 2: its MODS has no whole number/],
    ['two pages at one place', () => rewrite(mets(), (text) => text.replace('<mods:start>2<', '<mods:start>1<')), /page 2: a page before it has the same place, 1/],
    ['a pointer to no file', () => rewrite(mets(), (text) => text.replace('FILEID="ocrFile2"', 'FILEID="x"')), /page 2: FILEID x leads to no file.*\n.*page 2: it has no file for USE ocr/],
    ['an image that is gone', () => rmSync(join(issue, '0001.jp2')), /page 1: 0001\.jp2: there is no such file/],
    ['a PDF that is gone', () => rmSync(join(issue, '0001.pdf')), /page 1: 0001\.pdf: there is no such file/],
    ['a text that is gone', () => rmSync(alto()), /page 2: 0002\.xml: there is no such file/],
    ['a text that is cut', () => rewrite(alto(), (text) => text.slice(0, -10)), /0002\.xml: cannot be read/],
    ['a text without its page', () => rewrite(alto(), (text) => text.replaceAll('Page', 'Seite')), /0002\.xml: it has 0 elements Page/],
    ['a text whose words have no place', () => rewrite(alto(), (text) => text.replace(/(<String [^>]*)HPOS/, '$1H')), /1 of its words have no CONTENT/],
    ['a text without the size of its page', () => rewrite(alto(), (text) => text.replace(/(<Page [^>]*)WIDTH/, '$1W')), /its Page has no WIDTH/],
    ['an image size that is promised only', () => rewrite(mets(), (text) => text.replaceAll('mix:ImageWidth', 'mix:Breite')), /no size is there/],
    ['an image that has none', () => {
      rewrite(mets(), (text) => text.replaceAll(/ ADMID="\w+"/g, ''));
      rmSync(join(issue, '0001.jp2'));
      writeFileSync(join(issue, '0001.jp2'), 'no picture');
    }, /page 1: 0001\.jp2: it is no JP2 that tells its size/],
    ['a name that is none', () => {
      const { output } = given;
      bag = join(given.root, 'batch_mwa-x_K7_ver01');
      renameSync(output, bag);
    }, /is not like batch_ORG_NAME_verNN/],
  ]; // prettier-ignore
  test.each(harms)('%s', async (_, harm, words) => {
    harm();
    expect((await checkForOni(bag)).join('\n')).toMatch(words);
  });
});

test('masters may stay in the archive, and sizes be read from the images', async () => {
  for (const page of [1, 2]) rmSync(join(issue, `000${page}.tif`));
  rewrite(mets(), (text) => text.replaceAll(/ ADMID="\w+"/g, ''));
  expect(await checkForOni(bag)).toEqual([]);
});

test('batch.xml lists the issues as they are given, with the year of the full name (newspapers 6.5)', () => {
  const batch = {
    fullName: 'batch_oru_20251231H3MahoganyOrc_ver01',
    orgCode: 'oru',
    createdAt: new Date('2026-01-01T02:00:00Z'),
  };
  const issues = [
    { lccn: 'sn96088134', date: '1929-05-31', edition: 1 },
    { lccn: 'sn96088135', date: '1958-02-21', edition: 12 },
  ];
  expect(writeBatchXml(batch, issues)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<ndnp:batch xmlns:ndnp="http://www.loc.gov/ndnp" xmlns="http://www.loc.gov/ndnp" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="batch_oru_20251231H3MahoganyOrc_ver01" awardee="oru" awardYear="2025">
  <issue lccn="sn96088134" issueDate="1929-05-31" editionOrder="01">sn96088134/print/1929053101/1929053101.xml</issue>
  <issue lccn="sn96088135" issueDate="1958-02-21" editionOrder="12">sn96088135/print/1958022112/1958022112.xml</issue>
</ndnp:batch>
`);
});

const BATCHES = join(import.meta.dirname, '../../../../shared/data/newspapers/batches');

describe.skipIf(!existsSync(BATCHES))('batches that others made', () => {
  test('a whole issue of the Park Record is loaded, but for the name of its batch', async () => {
    const copy = join(given.root, 'batch_utnspr_park_ver01');
    cpSync(join(BATCHES, 'batch_local'), join(copy, 'data'), { recursive: true });
    cpSync(join(copy, 'data/17082901001_batch.xml'), join(copy, 'data/batch_1.xml'));
    expect(await checkForOni(copy)).toEqual([]);
    expect(await checkForOni(join(BATCHES, 'batch_local'))).toEqual([
      'its name batch_local is not like batch_ORG_NAME_verNN',
      'there is no directory data in it',
    ]);
  });

  test('the parts of a Californian batch are read, and what was left out of them is told', async () => {
    const problems = await checkForOni(join(BATCHES, 'batch_test_ver01'));
    const rest = problems.filter((problem) => !problem.includes('there is no such file'));
    expect(rest).toEqual(['its name batch_test_ver01 is not like batch_ORG_NAME_verNN']);
    expect(problems).toContainEqual(
      expect.stringMatching(/1858081301_1\.xml: page 2: .*0007\.jp2: there is no such file/),
    );
    expect(problems.join()).not.toMatch(/0006\.xml: there is no such file/); // that one is there
  });
});
