import { execFileSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeThreads } from '../../../src/files/threads.js';
import { setIssueColumns } from '../../../src/newspapers/issues.js';
import { addOrg } from '../../../src/newspapers/orgs.js';
import { UploadClock } from '../../../src/newspapers/uploads/clock.js';
import { findUploads } from '../../../src/newspapers/uploads/find-uploads.js';
import { judge } from '../../../src/newspapers/uploads/judge.js';
import { RULES, type Problem } from '../../../src/newspapers/uploads/problem.js';
import type { IssueKind, WorkflowStep } from '../../../src/newspapers/workflow-step.js';
import { loadSettings, type Settings } from '../../../src/settings.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { givenIssue, givenTitle } from '../rows.js';
import { givenFiles } from '../upload-area.js';
import { writeScanPdf, writeTextPdf, type ScanImage } from './scan-pdf.js';

let own: TestDatabase;
let area: string;
let settings: Settings;
const db = () => own.database.kysely;
beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(async () => {
  await closeThreads();
  await own.drop();
});
beforeEach(async () => {
  await own.database.pool.query('truncate newspapers.titles, newspapers.orgs, pipelines, events cascade');
  await addOrg(db(), 'oru', 'University of Oregon');
  await addOrg(db(), 'mwa', 'American Antiquarian Society');
  await givenTitle(db(), 'sn1');
  area = await temporaryDirectory();
  settings = {
    ...loadSettings({ file: '/dev/null', env: {} }),
    PDF_UPLOAD_PATH: area,
    SCAN_UPLOAD_PATH: area,
    SCANNED_PDF_DPI: 100,
    DURATION_ISSUE_CONSIDERED_DANGEROUS: 0,
    DURATION_ISSUE_CONSIDERED_NEW: 0,
  };
});

interface Found {
  path: string;
  problems: Problem[];
}

async function look(kind: IssueKind, depth: 'fast' | 'full' = 'full', now = new Date()): Promise<Found[]> {
  const clock = new UploadClock(db(), () => undefined);
  const found: Found[] = [];
  for await (const one of judge(db(), findUploads(db(), kind, settings), { settings, clock, now: () => now }, depth)) {
    if (one.found === 'obstacle') found.push({ path: relative(area, one.path), problems: [one.problem] });
    else found.push({ path: relative(area, one.upload.directory), problems: one.problems });
  }
  return found;
}

/** The problems of the only thing that is there: "major issue bad date: message". */
async function problems(kind: IssueKind, depth: 'fast' | 'full' = 'full'): Promise<string[]> {
  const [only, ...more] = await look(kind, depth);
  if (!only || more.length > 0) throw new Error('there must be one thing in the area');
  return only.problems.map(({ level, scope, rule, message }) => `${level} ${scope} ${rule}: ${message}`);
}

/** The same for one who may not read everything, as root may. */
async function problemsForNobody(kind: IssueKind): Promise<string[]> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  return problems(kind).finally(() => isRoot && process.seteuid?.(0));
}

const DIG = 'sn1/1856-05-10';
const SCAN = 'mwa/sn1/1856-05-10';
const sound = async (directory = SCAN): Promise<void> => {
  await givenFiles(area, `${directory}/1.tif`);
  await writeScanPdf(join(area, directory, '1.pdf'), { dpi: 100 });
};

describe('the rows of newspapers spec 5.4', () => {
  it('all have a rule, with its level', () => {
    const rows = Object.values(RULES).flatMap((rule): readonly number[] => rule.rows);
    expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const minor = Object.values(RULES).filter(({ level }) => level === 'minor');
    expect(minor.flatMap((rule): readonly number[] => rule.rows)).toEqual([16, 17]);
    const still = Object.values(RULES).filter(({ propagates }) => !propagates);
    expect(still.flatMap((rule): readonly number[] => rule.rows)).toEqual([3, 15, 16]);
  });

  it('sound uploads break none', async () => {
    await sound();
    expect(await problems('scan')).toEqual([]);
  });

  it('row 1: a directory of the scan area that is no organisation is passed over whole', async () => {
    await sound('xyz/sn1/1856-05-10');
    expect(await problems('scan')).toEqual([
      'major top unknown organisation: unable to find MARC Org Code "xyz" in database; add it with "bin/orgs add"',
    ]);
  });

  it.each<[IssueKind, string]>([
    ['borndigital', 'sn404/1856-05-10'],
    ['scan', 'mwa/sn404/1856-05-10'],
  ])('row 2 and row 3: a directory that is no title makes its issues invalid (%s)', async (kind, directory) => {
    await (kind === 'scan' ? sound(directory) : givenFiles(area, `${directory}/1.pdf`));
    expect(await problems(kind)).toEqual([
      expect.stringMatching(/^major title unknown title: unable to find title "sn404".*bin\/titles add/),
      'major issue invalid title: Title is invalid; mend that first, see there',
    ]);
  });

  it('row 3: also where the title has no organisation', async () => {
    settings = { ...settings, PDF_BATCH_MARC_ORG_CODE: 'nobody' };
    await givenFiles(area, `${DIG}/1.pdf`);
    expect(await problems('borndigital')).toEqual([
      expect.stringMatching(/^major title unknown organisation/),
      expect.stringMatching(/^major issue invalid title/),
    ]);
  });

  it.each([
    [
      'row 4',
      'sn1/1856-05-10-error/1.pdf',
      /^major issue flagged by hand: .*manually flagged issue; take "-error" off/,
    ],
    ['row 5', 'sn1/1856-02-30/1.pdf', /^major issue bad date: .*bad date format; name it YYYY-MM-DD/],
    ['row 6', 'sn1/1856-05-10_0x/1.pdf', /^major issue bad edition: .*non-numeric edition value; name it/],
    ['row 6', 'sn1/1856-05-10_00/1.pdf', /^major issue bad edition: .*edition must be 1 or greater; count from _01/],
    ['row 12', 'sn1/1856-05-10/more/', /^major file subdirectory: "more" is a subdirectory; an issue is one flat/],
    ['row 13', 'sn1/1856-05-10/2.pdf -> 1.pdf', /^major file not a regular file: "2.pdf" is not a regular file; repl/],
    ['row 14', 'sn1/1856-05-10/1.doc', /^major file bad extension: "1.doc" has an invalid extension; only .pdf may be/],
  ])('%s: %s', async (_row, path, problem) => {
    if (!path.startsWith(`${DIG}/1.pdf`) && path.startsWith(`${DIG}/`)) await givenFiles(area, `${DIG}/1.pdf`);
    await givenFiles(area, path);
    expect(await problems('borndigital')).toEqual([expect.stringMatching(problem)]);
  });

  it.each<[string, string[], RegExp]>([
    ['row 7', ['.manifest'], /^major issue no files: issue has no files; put its pages here, or remove/],
    ['row 9', ['1.pdf'], /^major issue no TIFF: .*one or more TIFF files must be present; put the TIFF of each page/],
    ['row 10', ['1.pdf', '1.tif', '2.tif'], /^major issue pairs differ: .*don't match: 1 PDF, 2 TIFF; each page/],
    ['row 11', ['1.pdf', '2.tif'], /^major issue pairs differ: .*don't match: pair 1 is "1" and "2"; each page/],
    ['row 12', ['1.pdf', '1.tif', 'x/'], /^major file subdirectory/],
    ['row 14', ['1.pdf', '1.tif', '1.jpg'], /^major file bad extension: .*only .pdf, .tif, .tiff may be here/],
  ])('%s of scans: %j', async (_row, names, problem) => {
    await givenFiles(area, ...names.map((name) => `${SCAN}/${name}`));
    expect(await problems('scan')).toEqual([expect.stringMatching(problem)]);
  });

  it.each<[string, string[], string]>([
    ['is a link', ['1.tif -> 2.tif'], 'not a regular file'],
    ['is a directory', ['1.tif/'], 'subdirectory'],
  ])('rows 9 to 11 are not told when an entry %s: that alone may be wrong', async (_what, names, rule) => {
    await givenFiles(area, `${SCAN}/1.pdf`, ...names.map((name) => `${SCAN}/${name}`));
    expect(await problems('scan')).toEqual([expect.stringContaining(` ${rule}: "1.tif"`)]);
  });

  it('a name that is no UTF-8 is shown in its bytes, and rows 9 to 11 are not told', async () => {
    await givenFiles(area, `${SCAN}/1.pdf`);
    await writeFile(
      Buffer.concat([Buffer.from(join(area, SCAN, 'é ')), Buffer.from([0xff, 0xfe]), Buffer.from('.tif')]),
      '',
    );
    expect(await problems('scan')).toEqual([
      String.raw`major file bad name: a file named é\ \377\376.tif is not named in UTF-8; rename it to letters and digits`,
    ]);
  });

  it('row 8: a directory that cannot be read', async () => {
    await sound();
    await chmod(join(area, SCAN), 0);
    expect(await problemsForNobody('scan')).toEqual([
      expect.stringMatching(/^major issue unreadable: couldn't be scanned for files: EACCES.*; mend its permissions$/),
    ]);
  });

  it('row 8: a file that cannot be read, before anything is opened or queued', async () => {
    await sound();
    await chmod(join(area, SCAN, '1.tif'), 0);
    expect(await problemsForNobody('scan')).toEqual([
      expect.stringMatching(/^major file unreadable: "1.tif" cannot be read: EACCES.*; mend its permissions$/),
    ]);
  });

  it('row 15 and row 16: uploads that changed a short time ago', async () => {
    await givenFiles(area, `${DIG}/1.pdf`);
    settings = { ...settings, DURATION_ISSUE_CONSIDERED_DANGEROUS: 3600, DURATION_ISSUE_CONSIDERED_NEW: 7200 };
    const at = async (hour: string) =>
      (await look('borndigital', 'full', new Date(`2026-01-01T${hour}:00Z`)))[0]?.problems.map(
        ({ level, rule }) => `${level} ${rule}`,
      );
    expect(await at('12:00')).toEqual(['major modified too recently']);
    expect(await at('13:00')).toEqual(['minor may be too new']);
    expect(await at('14:00')).toEqual([]);
  });

  it.each<[WorkflowStep, boolean]>([
    ['AwaitingPageReview', true],
    ['ReadyForMetadataEntry', true],
    ['ReadyForBatching', true],
    ['AwaitingProcessing', true],
    ['InProduction', true],
    ['UnfixableMetadataError', false],
  ])('row 17: an issue of the same key at %s makes it a duplicate: %s', async (step, isDuplicate) => {
    const issue = await givenIssue(db(), 'sn1', { location: '/elsewhere/1856-05-10' });
    await setIssueColumns(db(), issue.id, { workflow_step: step, ignored: step === 'InProduction' }); // live: out of the workflow
    await givenFiles(area, `${DIG}/1.pdf`);
    const place = `issue ${issue.id} (born-digital, ${step}, in /elsewhere/1856-05-10)`;
    expect(await problems('borndigital', 'fast')).toEqual(
      isDuplicate
        ? [
            `minor issue duplicate: looks like a duplicate (same LCCN, date, edition) of ${place}; remove it if it is the same paper, name it 1856-05-10_EE if it is another edition, or let it in: bin/bulk-queue --type borndigital --key ... --allow-duplicate --reason TEXT`,
          ]
        : [],
    );
  });

  it('row 17: not an issue that left the workflow, of another edition, or the upload itself', async () => {
    const gone = await givenIssue(db(), 'sn1');
    await setIssueColumns(db(), gone.id, { ignored: true });
    await givenIssue(db(), 'sn1', { edition: 2 });
    await givenIssue(db(), 'sn1', { location: join(area, DIG) });
    await givenFiles(area, `${DIG}/1.pdf`);
    expect(await problems('borndigital')).toEqual([]);
  });

  it('row 17: uploads of equal rank do not flag each other', async () => {
    await givenFiles(area, `${DIG}/1.pdf`, 'sn1/again/1856-05-10/1.pdf');
    expect((await look('borndigital')).flatMap((one) => one.problems)).toEqual([]);
  });

  it('row 18: a PDF that cannot be read', async () => {
    await givenFiles(area, `${SCAN}/1.tif`, `${SCAN}/1.pdf`);
    expect(await problems('scan')).toEqual([
      'major file unreadable PDF: "1.pdf": unable to get image info: it is not a PDF; make it again from its TIFF',
    ]);
  });

  it('row 19: a PDF without images', async () => {
    await sound();
    await writeTextPdf(join(area, SCAN, '1.pdf'));
    expect(await problems('scan')).toEqual([
      expect.stringMatching(/^major file no images: "1.pdf" contains no images or is not a valid PDF; make it again/),
    ]);
  });

  it.each<[string, ScanImage[], boolean]>([
    ['85 dpi', [{ dpi: 85 }], true],
    ['100 dpi', [{ dpi: 100 }], true],
    ['114 dpi', [{ dpi: 114 }], true],
    ['115 dpi, the limit', [{ dpi: 115 }], true],
    ['116 dpi', [{ dpi: 116 }], false],
    ['84 dpi', [{ dpi: 84 }], false],
    ['one of three at 116 dpi', [{ dpi: 100 }, { dpi: 116 }, { dpi: 100 }], false],
    ['1 dpi at 1 x 1 pixels, which is no page', [{ dpi: 100 }, { dpi: 1, width: 1, height: 1 }], true],
    ['1 dpi at 50 x 50 pixels', [{ dpi: 1, width: 50, height: 50 }], false],
  ])('row 20 (11.3 DPI, 100 expected): images of %s', async (_what, images, isRight) => {
    await sound();
    await writeScanPdf(join(area, SCAN, '1.pdf'), ...images);
    const message =
      /^major file invalid images: "1.pdf" contains one or more invalid images: .* not 85 to 115; make it again with images of 100 dpi/;
    expect(await problems('scan')).toEqual(isRight ? [] : [expect.stringMatching(message)]);
  });

  it('row 20: a TIFF of whatever resolution passes', async () => {
    await sound();
    await writeFile(join(area, SCAN, '1.tif'), 'no TIFF at all');
    expect(await problems('scan')).toEqual([]);
  });

  it('rows 18 to 20 name each PDF once, and PDFs only', async () => {
    await givenFiles(area, `${SCAN}/1.tif`, `${SCAN}/2.tif`, `${SCAN}/3.tif`, `${SCAN}/3.PDF`);
    await writeScanPdf(join(area, SCAN, '1.pdf'), { dpi: 1 }, { dpi: 2 });
    await writeTextPdf(join(area, SCAN, '2.pdf'));
    expect((await look('scan'))[0]?.problems.map(({ file, rule }) => `${file} ${rule}`)).toEqual([
      '1.pdf invalid images',
      '2.pdf no images',
      '3.PDF unreadable PDF',
    ]);
  });
});

describe('fast and full validation (newspapers spec 5.4.1)', () => {
  it('fast ones open no PDF', async () => {
    await givenFiles(area, `${SCAN}/1.tif`, `${SCAN}/1.pdf`);
    expect(await problems('scan', 'fast')).toEqual([]);
    expect(await problems('scan', 'full')).toHaveLength(1);
  });

  it('full ones open no PDF of an upload that a flagged issue keeps out', async () => {
    const issue = await givenIssue(db(), 'sn1', { location: '/elsewhere/1856-05-10' });
    await setIssueColumns(db(), issue.id, { workflow_step: 'UnfixableMetadataError' });
    await givenFiles(area, `${SCAN}/1.tif`, `${SCAN}/1.pdf`);
    expect(await problems('scan', 'full')).toEqual([]);
  });

  it('each adds nothing to an issue that has errors', async () => {
    await givenIssue(db(), 'sn1', { location: '/elsewhere' });
    settings = { ...settings, DURATION_ISSUE_CONSIDERED_DANGEROUS: 3600 };
    await givenFiles(area, `${SCAN}/1.tif`, `${SCAN}/1.pdf`, `${SCAN}/more/`);
    expect(await problems('scan', 'full')).toEqual([expect.stringMatching(/^major file subdirectory/)]);
  });

  it('a warning does not keep the PDFs from being looked into; an upload too new to touch does', async () => {
    await givenIssue(db(), 'sn1', { location: '/elsewhere' });
    await givenFiles(area, `${SCAN}/1.tif`, `${SCAN}/1.pdf`);
    expect((await look('scan'))[0]?.problems.map(({ rule }) => rule)).toEqual(['duplicate', 'unreadable PDF']);
    settings = { ...settings, DURATION_ISSUE_CONSIDERED_DANGEROUS: 3600 };
    expect((await look('scan'))[0]?.problems.map(({ rule }) => rule)).toEqual(['modified too recently', 'duplicate']);
  });

  it('an upload that is being taken in is left alone: not even its clock is started', async () => {
    await givenIssue(db(), 'sn1', { location: join(area, DIG) });
    settings = { ...settings, DURATION_ISSUE_CONSIDERED_DANGEROUS: 3600 };
    await givenFiles(area, `${DIG}/1.pdf`);
    expect(await problems('borndigital')).toEqual([]);
    expect(execFileSync('ls', ['-A', join(area, DIG)], { encoding: 'utf8' })).toBe('1.pdf\n');
  });
});
