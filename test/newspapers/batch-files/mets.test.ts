/** The METS of issues, read back by another reader, and validated. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { runProgram } from '../../../src/files/programs.js';
import { closeThreads } from '../../../src/files/threads.js';
import type { IssueDescription } from '../../../src/newspapers/batch-files/issue-description.js';
import { writeMets, type MetsPage } from '../../../src/newspapers/batch-files/mets.js';
import { below, parseXml } from '../../../src/newspapers/batch-files/xml-tree.js';
import { buildMets } from '../../../src/newspapers/jobs/build-mets.js';
import type { Issue } from '../../../src/newspapers/issues.js';
import { addOrg } from '../../../src/newspapers/orgs.js';
import { useDatabase } from '../../engine/support.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { cannotValidate } from '../derivatives/read-alto.js';
import { BatchStage, givenPages } from './batch-stage.js';

const own = useDatabase();
const stage = new BatchStage(own, givenPages());
afterAll(() => closeThreads());

const SCHEMA = join(import.meta.dirname, '../../../../shared/data/newspapers/schemas/ndnp-mets.xsd');

async function assertValid(xml: string): Promise<void> {
  if (cannotValidate !== undefined) return;
  const path = join(await temporaryDirectory(), 'mets.xml');
  writeFileSync(path, xml);
  await runProgram('xmllint', ['--nonet', '--noout', '--schema', SCHEMA, path], { timeoutSeconds: 60 });
}

const AT = new Date('2026-11-22T11:15:03.123Z');
const page = (number: number, label: string | null = null, hasMaster = false): MetsPage => ({
  ...{ number, name: `000${number}`, label, hasMaster, width: 2250, height: 2850, bitDepth: 8 },
});
const plain: IssueDescription = {
  ...{ lccn: 'sn93059126', titleName: 'The weekly journal (Chicopee, Mass.)', date: '1856-05-10', dateAsLabeled: null },
  ...{ volume: null, issueNumber: null, edition: 1, editionLabel: null, rights: null },
  org: { code: 'mwa', name: 'American Antiquarian Society; Worcester, MA' },
};
const full: IssueDescription = {
  ...plain,
  ...{ dateAsLabeled: '1856-05-11', volume: 'XII', issueNumber: '27', editionLabel: 'Evening "extra" <late> & more' },
  rights: 'http://rightsstatements.org/vocab/NoC-US/1.0/?language=en&x=y',
};

const MODS = '{http://www.loc.gov/mods/v3}';
const METS = '{http://www.loc.gov/METS/}';
/** "name type=..: text" of elements without children, in order. */
function leaves(xml: string, name: string): string[] {
  return below(parseXml(xml), name).map(
    ({ text, attributes }) => `${attributes.get('type') ?? ''}|${text.replaceAll(/\s+/g, ' ').trim()}`,
  );
}

describe('a METS', () => {
  test('(W15) tells the printed label of a page, and none where none is printed', async () => {
    const xml = writeMets(plain, [page(1, 'A1'), page(2), page(3, ' ')], AT);
    expect(leaves(xml, `${MODS}detail`)).toEqual(['edition|1', 'page number|A1']);
    expect(leaves(xml, `${MODS}start`)).toEqual(['|1', '|2', '|3']);
    await assertValid(xml);
  });

  test('(W15) names the organisation that publishes it, wherever NCA named its own', () => {
    const xml = writeMets(plain, [page(1)], AT);
    expect(leaves(xml, `${METS}name`)).toEqual(['|American Antiquarian Society; Worcester, MA']);
    expect(leaves(xml, `${MODS}physicalLocation`)).toEqual(['|mwa']);
    expect(leaves(xml, `${MODS}note`)).toEqual([
      'noteAboutReproduction|Present',
      'agencyResponsibleForReproduction|mwa',
      'noteAboutReproduction|Present',
    ]);
    expect(xml.match(/displayLabel="[^"]*"/g)).toEqual(
      Array(2).fill('displayLabel="American Antiquarian Society; Worcester, MA"'),
    );
    expect(xml).not.toMatch(/Oregon|oru/);
  });

  test('(W15) points to the masters of scans, and tells the size of the images', async () => {
    const xml = writeMets(plain, [page(1, null, true), page(2)], AT);
    const files = below(parseXml(xml), `${METS}file`).map(({ attributes, children }) => {
      return [attributes.get('ID'), attributes.get('USE'), children[0]?.attributes.get('xlink:href')].join(' ');
    });
    expect(files).toEqual([
      'masterFile1 master 0001.tif',
      'serviceFile1 service 0001.jp2',
      'otherDerivativeFile1 derivative 0001.pdf',
      'ocrFile1 ocr 0001.xml',
      'serviceFile2 service 0002.jp2',
      'otherDerivativeFile2 derivative 0002.pdf',
      'ocrFile2 ocr 0002.xml',
    ]);
    const pointers = below(parseXml(xml), `${METS}fptr`).map(({ attributes }) => attributes.get('FILEID'));
    expect(pointers).toEqual(files.map((file) => file.split(' ')[0]));
    expect(leaves(xml, '{http://www.loc.gov/mix/}ImageWidth')).toEqual(['|2250', '|2250']);
    await assertValid(xml);
  });

  test('tells all that people entered, whatever characters they used (W16)', async () => {
    const xml = writeMets(full, [page(1, '<1> & "2"'), page(2, 'tab\there\u0001')], AT);
    const mets = parseXml(xml);
    expect(mets.attributes.get('LABEL')).toBe(
      'The weekly journal (Chicopee, Mass.), 1856-05-10, Evening "extra" <late> & more',
    );
    expect(leaves(xml, `${MODS}dateIssued`)).toEqual(['|1856-05-10', '|1856-05-11']);
    expect(xml).toContain('qualifier="questionable">1856-05-11<');
    expect(leaves(xml, `${MODS}number`)).toEqual(['|XII', '|27', '|1', '|<1> & "2"', '|tab here']);
    expect(leaves(xml, `${MODS}caption`)).toEqual(['|Evening "extra" <late> & more']);
    expect(leaves(xml, `${MODS}accessCondition`)).toEqual([`|${full.rights ?? ''}`]);
    await assertValid(xml);
  });

  test('is dated with its zone', () => {
    expect(writeMets(plain, [page(1)], AT)).toContain('<metsHdr CREATEDATE="2026-11-22T11:15:03Z">');
  });
});

async function givenIssueOf(kind: 'borndigital' | 'scan', pages: number): Promise<Issue & { location: string }> {
  const root = await temporaryDirectory();
  const issue = await stage.issue(root, kind, pages);
  if (issue.location === null) throw new Error('no location');
  return { ...issue, location: issue.location };
}

describe('building the METS of an issue', () => {
  test.each(['borndigital', 'scan'] as const)(
    'of %s tells its pages as they were labelled, with real sizes',
    async (kind) => {
      const issue = await givenIssueOf(kind, 2);
      const labels = stage.db.updateTable('newspapers.pages').where('issue_id', '=', issue.id);
      await labels.where('number', '=', 2).set({ label: null, no_label: true }).execute();
      await stage.run(buildMets({ issueId: issue.id }));
      const xml = readFileSync(join(issue.location, '1856051001.xml'), 'utf8');
      expect(leaves(xml, `${MODS}detail`)).toEqual(['volume|7', 'issue|12', 'edition|1', 'page number|1']);
      expect(xml).toContain(`LABEL="The ${issue.lccn} journal (Chicopee, Mass.), 1856-05-10"`);
      expect(leaves(xml, '{http://www.loc.gov/mix/}ImageWidth')).toEqual(['|300', '|300']);
      expect(xml.includes('USE="master"')).toBe(kind === 'scan');
      await assertValid(xml);
    },
  );

  test('(W9) again writes nothing when nothing has changed, and keeps the date', async () => {
    const issue = await givenIssueOf('borndigital', 1);
    const file = join(issue.location, '1856051001.xml');
    const before = readFileSync(file, 'utf8');
    vi.useFakeTimers({ now: new Date('2030-01-01'), toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const outcome = await stage.run(buildMets({ issueId: issue.id }));
    expect(outcome?.result).toMatchObject({ because: 'it says the same already' });
    expect(readFileSync(file, 'utf8')).toBe(before);
    await addOrg(stage.db, 'mwa', 'Another name');
    await stage.run(buildMets({ issueId: issue.id }));
    await addOrg(stage.db, 'mwa', 'American Antiquarian Society');
    expect(readFileSync(file, 'utf8')).toMatch(/CREATEDATE="2030-01-01T00:00:00Z"[^]*<name>Another name</);
  });

  test('(W9) over a half-made one writes it whole', async () => {
    const issue = await givenIssueOf('borndigital', 1);
    const file = join(issue.location, '1856051001.xml');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.slice(0, 900));
    vi.useFakeTimers({ now: new Date('2030-01-01'), toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    await stage.run(buildMets({ issueId: issue.id }));
    const whole = before.replace(/CREATEDATE="[^"]*"/, 'CREATEDATE="2030-01-01T00:00:00Z"');
    expect(readFileSync(file, 'utf8')).toBe(whole);
  });

  test.each([
    ['a page file is gone', (at: string) => ['pdf', 'jp2', 'xml'].forEach((end) => rmSync(join(at, `0002.${end}`))), /holds 1 pages, but 2 were labelled/],
    ['a JP2 is gone', (at: string) => rmSync(join(at, '0002.jp2')), /0002\.jp2 is not there; make the derivatives/],
    ['an ALTO is gone', (at: string) => rmSync(join(at, '0001.xml')), /0001\.xml is not there/],
    ['a JP2 is none', (at: string) => writeFileSync(join(at, '0001.jp2'), 'no picture'), /0001\.jp2 is no whole JP2/],
  ])('is refused for good when %s', async (_, harm, words) => {
    const issue = await givenIssueOf('borndigital', 2);
    harm(issue.location);
    const failure = await stage.run(buildMets({ issueId: issue.id })).catch((error: unknown) => error as Error);
    expect(failure).toBeInstanceOf(FatalError);
    expect((failure as Error).message).toMatch(words);
  }); // prettier-ignore

  test('is refused for good when a page was never labelled', async () => {
    const issue = await givenIssueOf('borndigital', 2);
    await stage.db.deleteFrom('newspapers.pages').where('issue_id', '=', issue.id).where('number', '=', 1).execute();
    await expect(stage.run(buildMets({ issueId: issue.id }))).rejects.toThrow(/holds 2 pages, but 1 were labelled/);
  });
});
