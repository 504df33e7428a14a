/** Upload areas of any content: nothing ends a scan, what is called ready is ready, and is taken in (newspapers spec 5.1, 5.4). */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { bulkQueue } from '../../../src/newspapers/bulk-queue.js';
import { findIssue } from '../../../src/newspapers/issues.js';
import { parseSearchKey, type IssueKey } from '../../../src/newspapers/issue-key.js';
import { listUploads, type ListedUpload } from '../../../src/newspapers/list-uploads.js';
import { addOrg } from '../../../src/newspapers/orgs.js';
import { UploadClock } from '../../../src/newspapers/uploads/clock.js';
import { parseDirectoryName } from '../../../src/newspapers/uploads/directory-name.js';
import type { Obstacle } from '../../../src/newspapers/uploads/upload.js';
import type { IssueKind } from '../../../src/newspapers/workflow-step.js';
import type { Settings } from '../../../src/settings.js';
import { useDatabase } from '../../engine/support.js';
import { FUZZ_TIMEOUT, oddName, runs } from '../../support/odd-text.js';
import { closeThreads } from '../../../src/files/threads.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { pdfBytes } from '../derivatives/documents.js';
import { givenPlaces, startIntakeRunner, untilAsked } from '../intake-stage.js';
import { givenTitle } from '../rows.js';

const own = useDatabase();
const db = () => own.database.kysely;
let settings: Settings;
let root: string;
let pdf: Uint8Array;
beforeAll(async () => {
  pdf = await pdfBytes({ lines: ['a page'] });
});
afterAll(() => closeThreads());
beforeEach(async () => {
  await own.database.pool.query('truncate newspapers.titles, newspapers.orgs, pipelines, events cascade');
  await addOrg(db(), 'mwa', 'American Antiquarian Society');
  await givenTitle(db(), 'sn1', { orgCode: 'mwa', sftpUser: 'chicopee' });
  ({ settings } = await givenPlaces());
  settings = { ...settings, DURATION_ISSUE_CONSIDERED_DANGEROUS: 0, DURATION_ISSUE_CONSIDERED_NEW: 0 };
  root = await temporaryDirectory();
});

const issueNames = fc.oneof(
  { arbitrary: fc.constantFrom('1856-05-10', '1856-05-10_01', '1856-05-10_02', '1856-05-11', '2024-02-29'), weight: 6 },
  fc.constantFrom('1856-02-30', '1856-05-10-error', '1856-05-10_00', '1856-5-1', '1856-05-10_2', '١٨٥٦-٠٥-١٠', '1856-05-10 ', '.1856-05-10', '0000-01-01'), // prettier-ignore
  oddName,
);
const titleNames = fc.oneof({ arbitrary: fc.constantFrom('sn1', 'chicopee'), weight: 6 }, fc.constantFrom('sn2', '.sn1', 'SN1'), oddName); // prettier-ignore
const fileNames = fc.oneof(
  {
    arbitrary: fc.constantFrom('0001.pdf', '0001.tif', '0002.pdf', '0002.TIFF', '0002.tif', '1.PDF', 'page one.pdf'),
    weight: 12,
  },
  fc.constantFrom('._0001.pdf', '.hidden.pdf', 'Thumbs.db', '.DS_Store', 'notes.txt', '.manifest', '.pdf', 'pdf', 'a.pdf.txt', 'é.pdf', 'e\u0301.pdf', 'a\nb.pdf', '-.pdf', '@x.pdf', '%d.pdf'), // prettier-ignore
  oddName,
  oddName.filter((name) => Buffer.byteLength(name) < 200).map((name) => `${name}.pdf`),
);
const kinds = fc.oneof({ arbitrary: fc.constant('file' as const), weight: 20 }, fc.constantFrom('empty', 'directory', 'link', 'pipe', 'bytes' as const)); // prettier-ignore
const files = fc.uniqueArray(fc.tuple(fileNames, kinds), { maxLength: 5, selector: ([name]) => name });
const issues = fc.tuple(titleNames, fc.array(fc.constantFrom('', '', '', 'sub', 'a b', '.git'), { maxLength: 2 }), issueNames, files); // prettier-ignore
const trees = fc.array(issues, { maxLength: 6 });
/** Two sound issues of each kind, so that no run is without any. */
const SOUND: Tree = [
  ...['1856-05-10', '1856-05-11'].map((date): Tree[number] => ['sn1', [], date, [['0001.pdf', 'file'], ['0002.pdf', 'file']]]), // prettier-ignore
  ...['1856-05-12', '1856-05-13'].map((date): Tree[number] => ['sn1', [], date, [['0001.pdf', 'file'], ['0001.tif', 'file']]]), // prettier-ignore
];
type Tree = typeof trees extends fc.Arbitrary<infer T> ? T : never;

/** Lays a tree down; what does not go on top of what is there already is left out. */
function lay(area: string, tree: Tree, kind: IssueKind): void {
  for (const [title, between, issue, its] of tree) {
    const way = kind === 'scan' ? ['mwa', title] : [title, ...between.filter((part) => part !== '')];
    const directory = join(area, ...way, issue);
    const attempt = (work: () => void) => {
      try {
        work();
      } catch {
        return; // EEXIST, ENOTDIR: something lies there
      }
    };
    attempt(() => mkdirSync(directory, { recursive: true }));
    for (const [name, what] of its)
      attempt(() => {
        const path = join(directory, name);
        if (what === 'file') writeFileSync(path, extname(name).toLowerCase() === '.pdf' ? pdf : name, { flag: 'wx' });
        if (what === 'empty') writeFileSync(path, '', { flag: 'wx' });
        if (what === 'directory') mkdirSync(path);
        if (what === 'link') symlinkSync('/etc', path);
        if (what === 'pipe') execFileSync('mkfifo', [path], { stdio: 'ignore' });
        if (what === 'bytes') writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xe9, 0x2e, 0x70, 0x64, 0x66])]), pdf, { flag: 'wx' }); // prettier-ignore
      });
  }
}

type Listed = Awaited<ReturnType<typeof list>>[number];
async function list(area: string, kind: IssueKind): Promise<(ListedUpload | Obstacle)[]> {
  const clock = new UploadClock(db(), () => undefined);
  const all: (ListedUpload | Obstacle)[] = [];
  const there = { ...settings, PDF_UPLOAD_PATH: area, SCAN_UPLOAD_PATH: area };
  for await (const found of listUploads(db(), there, {
    kinds: [kind],
    full: false,
    clock,
    now: () => new Date('2030-01-01'),
  }))
    // prettier-ignore
    if (found.found !== 'stuck') all.push(found);
  return all;
}

/** Told otherwise than by the rules: pages, and nothing but pages and what systems strew about. */
function mayBeReady(directory: string, kind: IssueKind): boolean {
  const entries = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.name !== '.manifest' || !entry.isFile()); // prettier-ignore
  const pages = entries.filter(({ name }) => !name.startsWith('.') && name.toLowerCase() !== 'thumbs.db').map(({ name }) => name); // prettier-ignore
  const pdfs = pages.filter((name) => /[^/]\.pdf$/i.test(name)).map((name) => name.slice(0, -4)).sort(); // prettier-ignore
  const tiffs = pages.filter((name) => /[^/]\.tiff?$/i.test(name)).map((name) => name.replace(/\.tiff?$/i, '')).sort(); // prettier-ignore
  if (!entries.every((entry) => entry.isFile()) || pdfs.length === 0) return false;
  if (kind === 'borndigital') return pdfs.length === pages.length;
  return pdfs.length + tiffs.length === pages.length && pdfs.join('/') === tiffs.join('/') && new Set(pdfs).size === pdfs.length; // prettier-ignore
}

const ofKind = fc.constantFrom<IssueKind[]>('borndigital', 'scan');
const fresh = (): string => mkdtempSync(join(root, 'area '));
const nameOf = (found: Listed): string => (found.found === 'obstacle' ? found.path : found.upload.directory);

test(
  'whatever lies in an area it is listed, twice alike; each problem says what to do; what is ready can be',
  async () => {
    let ready = 0;
    await fc.assert(
      fc.asyncProperty(trees, ofKind, async (tree, kind) => {
        const area = fresh();
        lay(area, tree, kind);
        const found = await list(area, kind);
        expect(await list(area, kind)).toEqual(found);
        expect(new Set(found.map((each) => `${each.found} ${nameOf(each)}`)).size).toBe(found.length); // each once
        for (const each of found) {
          for (const { message } of each.found === 'obstacle' ? [each.problem] : each.problems)
            expect(message).toMatch(/;|, which is not followed|move it|rename it|: /);
          if (each.found === 'obstacle') continue;
          const { upload, state, problems } = each;
          expect(state === 'ready').toBe(problems.length === 0);
          if (state !== 'ready') continue;
          ready++;
          expect(mayBeReady(upload.directory, kind)).toBe(true);
          expect(upload.key && upload.org && upload.title).toBeDefined();
          expect(
            relative(area, upload.directory)
              .split('/')
              .some((part) => part.startsWith('.')),
          ).toBe(false);
          expect(parseDirectoryName(upload.directory.slice(dirname(upload.directory).length + 1)).problems).toEqual([]);
        }
        rmSync(area, { recursive: true });
      }),
      {
        ...runs(25),
        examples: [
          [SOUND, 'borndigital'],
          [SOUND, 'scan'],
        ],
      },
    );
    expect(ready).toBeGreaterThan(3); // else nothing was tried
  },
  FUZZ_TIMEOUT,
);

test('what only systems strew about is no issue: a hidden PDF is no page', async () => {
  for (const name of ['._0001.pdf', '.hidden.pdf']) {
    const area = fresh();
    mkdirSync(join(area, 'sn1/1856-05-10'), { recursive: true });
    writeFileSync(join(area, 'sn1/1856-05-10', name), pdf);
    for (const each of await list(area, 'borndigital')) expect(each).not.toMatchObject({ state: 'ready' });
  }
});

test(
  'what is ready is queued, once for each issue, and nothing else is; a dry run promised the same',
  async () => {
    let queued = 0;
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => {
        await own.database.pool.query('truncate newspapers.issues, pipelines, events cascade');
        const area = fresh();
        lay(area, tree, 'borndigital');
        const there = { ...settings, PDF_UPLOAD_PATH: area };
        const ready = new Set((await list(area, 'borndigital')).filter((each) => each.found === 'judged' && each.state === 'ready').map(nameOf)); // prettier-ignore
        const run = async (dryRun: boolean) => {
          const outcomes: [string, string][] = [];
          const clock = new UploadClock(db(), () => undefined);
          for await (const event of bulkQueue(db(), there, {
            kind: 'borndigital',
            search: parseSearchKey('sn1'),
            dryRun,
            actor: 'ann',
            clock,
            now: () => new Date('2030-01-01'),
          }))
            // prettier-ignore
            if (event.event === 'upload') outcomes.push([event.upload.directory, event.outcome.outcome]);
          return outcomes;
        };
        const promised = await run(true);
        const done = await run(false);
        expect(done).toEqual(
          promised.map(([directory, outcome]) => [directory, outcome === 'ready' ? 'queued' : outcome]),
        );
        const taken = done.filter(([, outcome]) => outcome === 'queued').map(([directory]) => directory);
        queued += taken.length;
        for (const directory of taken) expect(ready).toContain(directory);
        const keys = new Map<string, string>();
        for (const directory of ready) {
          const { date, edition } = parseDirectoryName(directory.slice(dirname(directory).length + 1));
          keys.set(`${date} ${edition}`, keys.get(`${date} ${edition}`) ?? directory);
        }
        expect(taken).toHaveLength(keys.size);
        expect((await run(false)).filter(([, outcome]) => outcome === 'queued')).toEqual([]); // again: nothing is queued twice
        rmSync(area, { recursive: true });
      }),
      {
        ...runs(12),
        examples: [
          [SOUND, 'borndigital'],
          [SOUND, 'scan'],
        ],
      },
    );
    expect(queued).toBeGreaterThan(3);
  },
  FUZZ_TIMEOUT,
);

test(
  'uploads that are called ready are taken in, whatever their files are called',
  async () => {
    const any = fc.uniqueArray(fc.oneof(fileNames, oddName.map((name) => `${name}.pdf`)).filter((name) => /[^.]\.pdf$/i.test(name) && Buffer.byteLength(name) < 200), { minLength: 2, maxLength: 3, selector: (name) => name }); // prettier-ignore
    const names = any.filter(
      (its) => its.filter((name) => !name.startsWith('.')).length >= settings.MINIMUM_ISSUE_PAGES,
    ); // hidden ones are no pages
    const sample = fc.sample(names, runs(1).numRuns);
    await startIntakeRunner(own, settings);
    for (const [i, its] of sample.entries()) {
      const date = `19${String(10 + (i % 90))}-01-02` as IssueKey['date']; // a day of the calendar
      const directory = join(settings.PDF_UPLOAD_PATH, 'sn1', date);
      mkdirSync(directory, { recursive: true });
      for (const name of its) writeFileSync(join(directory, name), pdf);
      const found = (await list(settings.PDF_UPLOAD_PATH, 'borndigital')).find((each) => nameOf(each) === directory);
      if (found?.found !== 'judged' || found.state !== 'ready') continue; // a name that nothing can copy
      const clock = new UploadClock(db(), () => undefined);
      const all = bulkQueue(db(), settings, { kind: 'borndigital', search: parseSearchKey(`sn1/${date.replaceAll('-', '')}`), dryRun: false, actor: 'ann', clock, now: () => new Date('2030-01-01') }); // prettier-ignore
      for await (const event of all)
        if (event.event === 'upload') expect(event.outcome).toMatchObject({ outcome: 'queued' });
      const issue = await findIssue(db(), { lccn: 'sn1', date, edition: 1 } as IssueKey);
      if (!issue) throw new Error('it was queued');
      await untilAsked(own, issue, 'page_review').catch((error: unknown) => {
        throw new Error(`${JSON.stringify(its)}: ${String(error)}`);
      });
    }
  },
  FUZZ_TIMEOUT,
);
