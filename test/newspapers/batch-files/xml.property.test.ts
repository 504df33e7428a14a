/** METS and batch.xml of any titles and any metadata: well-formed, read back equal, and what Open ONI wants (newspapers spec 6.4, 6.5, 8.7). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runProgram } from '../../../src/files/programs.js';
import { writeBatchXml } from '../../../src/newspapers/batch-files/batch-xml.js';
import type { IssueDescription } from '../../../src/newspapers/batch-files/issue-description.js';
import { metsPath } from '../../../src/newspapers/batch-files/layout.js';
import { createdAtOf, writeMets, type MetsPage } from '../../../src/newspapers/batch-files/mets.js';
import { checkIssue } from '../../../src/newspapers/batch-files/oni-issue-thread.js';
import { below, childrenOf, parseXml, type XmlElement } from '../../../src/newspapers/batch-files/xml-tree.js';
import { anyText, FUZZ_TIMEOUT, runs, spoilt } from '../../support/odd-text.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const METS = (name: string) => `{http://www.loc.gov/METS/}${name}`;
const MODS = (name: string) => `{http://www.loc.gov/mods/v3}${name}`;

/** What XML 1.0 allows, told in another way than by the writer: its production 2. */
const allowed = (text: string) =>
  Array.from(text)
    .filter((each) => {
      const code = each.codePointAt(0) ?? 0;
      return code === 9 || code === 10 || code === 13 || (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd) || code >= 0x10000; // prettier-ignore
    })
    .join('');
const told = (text: string) => allowed(text.replaceAll(/\s+/g, ' ').trim());
const given = (text: string | null) => text !== null && text.trim() !== '';

const dates = fc.constantFrom('0001-01-01', '1856-05-10', '2024-02-29', '9999-12-31');
const maybe = fc.option(anyText);
const descriptions: fc.Arbitrary<IssueDescription> = fc.record({
  lccn: fc.stringMatching(/^[A-Za-z0-9_]{1,20}$/),
  titleName: anyText,
  date: dates,
  dateAsLabeled: fc.option(dates),
  volume: maybe,
  issueNumber: maybe,
  edition: fc.integer({ min: 1, max: 99 }),
  editionLabel: maybe,
  rights: maybe,
  org: fc.record({ code: fc.stringMatching(/^[A-Za-z\d-]{1,10}$/), name: anyText }),
});
const pages: fc.Arbitrary<MetsPage[]> = fc
  .array(
    fc.record({
      label: maybe,
      hasMaster: fc.boolean(),
      width: fc.integer({ min: 1, max: 60_000 }),
      height: fc.integer({ min: 1, max: 60_000 }),
      bitDepth: fc.constantFrom(1, 8, 24),
    }),
    { minLength: 1, maxLength: 3 },
  ) // prettier-ignore
  .map((all) => all.map((page, i) => ({ ...page, number: i + 1, name: String(i + 1).padStart(4, '0') })));
/** Years that a METS can be made in. */
const times = fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });

const PLAIN: IssueDescription = {
  ...{ lccn: 'sn1', titleName: 'T', date: '1856-05-10', dateAsLabeled: null, volume: null, issueNumber: null },
  ...{ edition: 1, editionLabel: null, rights: null, org: { code: 'oru', name: 'O' } },
};

/** The texts of the elements of a name and type. */
const texts = (document: XmlElement, name: string, type?: string) =>
  below(document, name)
    .filter(({ attributes }) => type === undefined || attributes.get('type') === type)
    .map(({ text }) => text);
const details = (document: XmlElement, type: string) =>
  below(document, MODS('detail'))
    .filter(({ attributes }) => attributes.get('type') === type)
    .flatMap((detail) => childrenOf(detail, MODS('number')).map(({ text }) => text));

test('a METS says what people said, whatever they said, and nothing else', () => {
  fc.assert(
    fc.property(descriptions, pages, times, (issue, all, at) => {
      const xml = writeMets(issue, all, at);
      const document = parseXml(xml);
      const label = [issue.titleName, issue.date, ...(given(issue.editionLabel) ? [issue.editionLabel ?? ''] : [])];
      expect(document.attributes.get('LABEL')).toBe(label.map(told).join(', '));
      expect(texts(document, METS('name'))).toEqual([told(issue.org.name)]);
      expect(texts(document, MODS('identifier'), 'lccn')).toEqual([issue.lccn]);
      expect(details(document, 'volume')).toEqual(given(issue.volume) ? [told(issue.volume ?? '')] : []);
      expect(details(document, 'issue')).toEqual(given(issue.issueNumber) ? [told(issue.issueNumber ?? '')] : []);
      expect(details(document, 'edition')).toEqual([String(issue.edition)]);
      expect(texts(document, MODS('caption'))).toEqual(given(issue.editionLabel) ? [told(issue.editionLabel ?? '')] : []); // prettier-ignore
      expect(texts(document, MODS('accessCondition'))).toEqual(given(issue.rights) ? [told(issue.rights ?? '')] : []);
      expect(texts(document, MODS('dateIssued'))).toEqual([
        ...new Set([issue.date, issue.dateAsLabeled ?? issue.date]),
      ]);
      expect(details(document, 'page number')).toEqual(all.flatMap(({ label: text }) => (given(text) ? [told(text ?? '')] : []))); // prettier-ignore
      expect(createdAtOf(xml)?.getTime()).toBe(Math.floor(at.getTime() / 1000) * 1000);
      expect(writeMets(issue, all, createdAtOf(xml) ?? at)).toBe(xml); // made again it is the same
    }),
    runs(120),
  );
});

test.each(['a &amp; b', '&lt;b&gt;', '&#x1;', '&#0;', '&nope;', 'A&P; Q'])(
  '%s in a title is that text, no entity',
  (title) => {
    const xml = writeMets({ ...PLAIN, titleName: title, volume: title }, [], new Date(0));
    expect(parseXml(xml).attributes.get('LABEL')).toBe(`${title}, 1856-05-10`);
    expect(details(parseXml(xml), 'volume')).toEqual([title]);
  },
);

test('Open ONI finds in it everything that it needs', async () => {
  const data = await temporaryDirectory();
  fc.assert(
    fc.property(descriptions, pages, (issue, all) => {
      const path = metsPath(issue);
      mkdirSync(dirname(join(data, path)), { recursive: true });
      writeFileSync(join(data, path), writeMets(issue, all, new Date(0)));
      const problems = checkIssue({ data, path }).filter((problem) => !problem.endsWith('there is no such file'));
      expect(problems).toEqual([]);
    }),
    runs(40),
  );
});

test('xmllint reads every one of them', { timeout: FUZZ_TIMEOUT }, async () => {
  const directory = await temporaryDirectory();
  const issues = fc.array(fc.tuple(descriptions, pages), { minLength: 10, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(issues, async (all) => {
      const files = all.flatMap(([issue, its], i) => {
        const [mets, batch] = [join(directory, `${i}.xml`), join(directory, `batch${i}.xml`)];
        writeFileSync(mets, writeMets(issue, its, new Date(0)));
        writeFileSync(batch, writeBatchXml({ fullName: `batch_${issue.org.code}_${told(issue.titleName)}_ver01`, orgCode: issue.org.code, createdAt: new Date(0) }, [issue])); // prettier-ignore
        return [mets, batch];
      });
      await runProgram('xmllint', ['--nonet', '--noout', ...files], { timeoutSeconds: 60 });
    }),
    runs(3),
  );
});

test('a batch.xml lists its issues in their order, and is the same when made again', () => {
  fc.assert(
    fc.property(fc.array(descriptions, { maxLength: 5 }), fc.constantFrom('batch_oru_20260102Name_ver01', 'odd name', 'batch_a-b_99991231X_ver99'), times, (issues, fullName, createdAt) => { // prettier-ignore
      const xml = writeBatchXml({ fullName, orgCode: 'oru', createdAt }, issues);
      const root = parseXml(xml);
      expect(root.attributes.get('name')).toBe(fullName);
      expect(root.attributes.get('awardYear')).toMatch(/^\d{4}$/);
      expect(root.children.map(({ text }) => text)).toEqual(issues.map((issue) => metsPath(issue)));
      expect(root.children.map(({ attributes }) => attributes.get('issueDate'))).toEqual(issues.map(({ date }) => date));
      expect(writeBatchXml({ fullName, orgCode: 'oru', createdAt }, issues)).toBe(xml);
    }), // prettier-ignore
    runs(60),
  );
});

test('any bytes as a METS: the problems are told, nothing is thrown, no entity is looked up', async () => {
  const data = await temporaryDirectory();
  const right = writeMets(
    PLAIN,
    [{ number: 1, name: '0001', label: '1', hasMaster: false, width: 1, height: 1, bitDepth: 8 }],
    new Date(0),
  );
  const doctype = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>';
  const bytes = fc.oneof(
    fc.uint8Array(),
    anyText.map((text) => Buffer.from(text)),
    spoilt(fc.constant(right)).map((text) => Buffer.from(text)),
    spoilt(fc.constant(doctype)).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bytes, (content) => {
      writeFileSync(join(data, 'x.xml'), content);
      const problems = checkIssue({ data, path: 'x.xml' });
      expect(problems.length).toBeGreaterThan(0); // its files are not there at least
      expect(problems.every((problem) => problem.startsWith('x.xml: '))).toBe(true);
    }),
    runs(200),
  );
  fc.assert(
    fc.property(fc.oneof(anyText, fc.constantFrom('../x.xml', '/etc/passwd', 'a/../../x', 'file:///etc/passwd')), (path) => {
      expect(checkIssue({ data, path }).length).toBeGreaterThan(0);
    }), // prettier-ignore
    runs(200),
  );
});
