import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatIssueKey } from '../../../src/newspapers/issue-key.js';
import { addOrg } from '../../../src/newspapers/orgs.js';
import { findUploads } from '../../../src/newspapers/uploads/find-uploads.js';
import type { IssueKind } from '../../../src/newspapers/workflow-step.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { givenTitle } from '../rows.js';
import { givenFiles } from '../upload-area.js';

const REAL = resolve('../shared/data/newspapers');

let own: TestDatabase;
let area: string;
beforeAll(async () => {
  own = await createTestDatabase();
  await addOrg(own.database.kysely, 'oru', 'University of Oregon');
  await addOrg(own.database.kysely, 'mwa', 'American Antiquarian Society');
  await givenTitle(own.database.kysely, 'sn93059126', { sftpUser: 'chicopee' });
  await givenTitle(own.database.kysely, 'sn2', { orgCode: 'mwa' });
});
afterAll(() => own.drop());
beforeEach(async () => {
  area = await temporaryDirectory();
});

/** What a scan finds, one line each: path, what it is, its organisation, the rules it breaks. */
async function found(kind: IssueKind, paths: { area?: string; org?: string } = {}): Promise<string[]> {
  const root = paths.area ?? area;
  const settings = { PDF_UPLOAD_PATH: root, SCAN_UPLOAD_PATH: root, PDF_BATCH_MARC_ORG_CODE: paths.org ?? 'oru' };
  const lines: string[] = [];
  for await (const finding of findUploads(own.database.kysely, kind, settings)) {
    if (finding.found === 'obstacle') lines.push(`${relative(root, finding.path)}: OBSTACLE ${finding.problem.rule}`);
    else {
      const what = `${finding.key ? formatIssueKey(finding.key) : 'no key'} of ${finding.org?.code ?? 'nobody'}`;
      lines.push(
        [`${relative(root, finding.directory)}: ${what}`, ...finding.problems.map(({ rule }) => rule)].join('; '),
      );
    }
  }
  return lines;
}

async function messages(kind: IssueKind): Promise<string[]> {
  const settings = { PDF_UPLOAD_PATH: area, SCAN_UPLOAD_PATH: area, PDF_BATCH_MARC_ORG_CODE: 'oru' };
  const all: string[] = [];
  for await (const finding of findUploads(own.database.kysely, kind, settings)) {
    if (finding.found === 'upload') all.push(...finding.problems.map(({ message }) => message));
    else all.push(finding.problem.message);
  }
  return all;
}

describe('born-digital uploads (newspapers spec 5.1)', () => {
  it('are the directories, at any depth, that hold a PDF', async () => {
    await givenFiles(
      area,
      'sn93059126/1856-05-10/page.PDF',
      'sn93059126/1856/may/1856-05-17/1.pdf',
      'chicopee/1856-05-24/1.pdf',
      'sn93059126/notes/readme.txt',
      'sn93059126/empty/',
      'readme.txt',
    );
    expect(await found('borndigital')).toEqual([
      'chicopee/1856-05-24: sn93059126/1856052401 of oru',
      'sn93059126/1856/may/1856-05-17: sn93059126/1856051701 of oru',
      'sn93059126/1856-05-10: sn93059126/1856051001 of oru',
    ]);
  });

  it('W35: belong to the organisation of their title, and may be a further edition', async () => {
    await givenFiles(area, 'sn2/1856-05-10_02/1.pdf');
    expect(await found('borndigital')).toEqual(['sn2/1856-05-10_02: sn2/1856051002 of mwa']);
  });

  it('of an unknown title or organisation have that problem', async () => {
    await givenFiles(area, 'sn404/1856-05-10/1.pdf', 'sn93059126/1856-05-10/1.pdf');
    expect(await found('borndigital', { org: 'nobody' })).toEqual([
      'sn404/1856-05-10: no key of nobody; unknown title; unknown organisation',
      'sn93059126/1856-05-10: sn93059126/1856051001 of nobody; unknown organisation',
    ]);
  });

  it('may be flagged by hand', async () => {
    await givenFiles(area, 'sn2/1856-05-10-error/1.pdf', 'sn2/garbage-error/1.pdf');
    expect(await found('borndigital')).toEqual([
      'sn2/1856-05-10-error: sn2/1856051001 of mwa; flagged by hand',
      'sn2/garbage-error: no key of mwa; flagged by hand; bad date',
    ]);
  });

  it('hold nothing but PDFs, and what every directory gathers', async () => {
    await givenFiles(
      area,
      ...['1.pdf', '.manifest', '.DS_Store', 'Thumbs.db', 'THUMBS.DB'].map((name) => `sn2/1856-05-10/${name}`),
    );
    expect(await found('borndigital')).toEqual(['sn2/1856-05-10: sn2/1856051001 of mwa']);
    await givenFiles(area, 'sn2/1856-05-10/1.tif', 'sn2/1856-05-10/2.pdf -> 1.pdf', 'sn2/1856-05-10/more/');
    execFileSync('mkfifo', [join(area, 'sn2/1856-05-10/3.pdf')]);
    expect(await found('borndigital')).toEqual([
      'sn2/1856-05-10: sn2/1856051001 of mwa; bad extension; not a regular file; not a regular file; subdirectory',
    ]);
    expect(await messages('borndigital')).toContain('"1.tif" has an invalid extension; only .pdf may be here');
  });

  it('may lie inside each other: the outer one is in the way of itself only', async () => {
    await givenFiles(area, 'sn2/1856-05-10/1.pdf', 'sn2/1856-05-10/1856-05-17/1.pdf', 'sn2/0.pdf');
    expect(await found('borndigital')).toEqual([
      'sn2: no key of mwa; bad date; subdirectory',
      'sn2/1856-05-10: sn2/1856051001 of mwa; subdirectory',
      'sn2/1856-05-10/1856-05-17: sn2/1856051701 of mwa',
    ]);
  });

  it('are not looked for behind links or in hidden directories, and a PDF of no title is told', async () => {
    await givenFiles(
      area,
      'sn2/1856-05-10/1.pdf',
      'sn2/link -> 1856-05-10',
      'linked -> sn2',
      '.snapshot/sn2/1856-05-10/1.pdf',
    );
    await givenFiles(area, 'sn2/.trash/1856-05-17/1.pdf', 'lost.pdf');
    expect(await found('borndigital')).toEqual([
      'linked: OBSTACLE not a regular file',
      'lost.pdf: OBSTACLE unknown title',
      'sn2/link: OBSTACLE not a regular file',
      'sn2/1856-05-10: sn2/1856051001 of mwa',
    ]);
  });

  it('named in bytes that are no text have that problem', async () => {
    await givenFiles(area, 'sn2/1856-05-10/1.pdf');
    execFileSync('sh', ['-c', 'touch "$0/$(printf "caf\\351.pdf")"', join(area, 'sn2/1856-05-10')]);
    expect(await found('borndigital')).toEqual(['sn2/1856-05-10: sn2/1856051001 of mwa; bad name']);
  });

  it.each([
    ['borndigital', 'sn2'],
    ['scan', 'mwa/sn93059126'],
  ] as const)(
    'of kind %s in a directory named in bytes that are no text are told, not passed over',
    async (kind, at) => {
      await givenFiles(area, `${at}/1856-05-10/1.pdf`, `${at}/1856-05-10/1.tif`);
      execFileSync('sh', ['-c', 'cp -r "$0/1856-05-10" "$0/$(printf "1856-05-\\351")"', join(area, at)]);
      expect((await found(kind)).filter((line) => line.includes('OBSTACLE'))).toEqual([
        `${at}/1856-05-\\351: OBSTACLE bad name`,
      ]);
    },
  );
});

describe('scan uploads (newspapers spec 5.1)', () => {
  it('are the directories of a title, of an organisation', async () => {
    await givenFiles(area, 'mwa/sn93059126/1856-05-10/0001.tif', 'mwa/sn93059126/1856-05-10/0001.pdf');
    await givenFiles(
      area,
      'oru/chicopee/1856-05-10_02/a.TIFF',
      'oru/chicopee/1856-05-10_02/a.PDF',
      'oru/chicopee/note.txt',
      'note.txt',
    );
    expect(await found('scan')).toEqual([
      'mwa/sn93059126/1856-05-10: sn93059126/1856051001 of mwa',
      'oru/chicopee/1856-05-10_02: sn93059126/1856051002 of oru',
    ]);
  });

  it('of an unknown organisation are passed over whole; those of an unknown title each have the problem', async () => {
    await givenFiles(
      area,
      'xyz/sn2/1856-05-10/1.tif',
      'xyz/sn2/1856-05-17/1.tif',
      'mwa/sn404/1856-05-10/1.tif',
      'mwa/sn404/1856-05-10/1.pdf',
    );
    expect(await found('scan')).toEqual([
      'mwa/sn404/1856-05-10: no key of mwa; unknown title',
      'xyz: OBSTACLE unknown organisation',
    ]);
    expect((await messages('scan')).join()).toMatch(/unable to find title "sn404".*unable to find MARC Org Code "xyz"/);
  });

  it.each([
    ['1856-05-10', 'sn2/1856051001 of mwa'],
    ['1856-05-10_01', 'sn2/1856051001 of mwa'],
    ['1856-05-10-12', 'sn2/1856051012 of mwa'],
    ['1856-05-10_00', 'no key of mwa; bad edition'],
    ['1856-05-10_1a', 'no key of mwa; bad edition'],
    ['1856-05-10_-1', 'no key of mwa; bad edition'],
    ['1856-05-10_1', 'no key of mwa; bad date'],
    ['1856-05-10_001', 'no key of mwa; bad date'],
    ['1856-02-30', 'no key of mwa; bad date'],
    ['18560510', 'no key of mwa; bad date'],
    ['1856-02-30_0x', 'no key of mwa; bad date; bad edition'],
  ])('named %s mean %s', async (name, meaning) => {
    await givenFiles(area, `mwa/sn2/${name}/1.tif`, `mwa/sn2/${name}/1.pdf`);
    expect(await found('scan')).toEqual([`mwa/sn2/${name}: ${meaning}`]);
  });

  it.each([
    ['nothing', [], 'no files'],
    ['a manifest only', ['.manifest'], 'no files'],
    ['PDFs only', ['1.pdf'], 'no TIFF'],
    ['hidden TIFFs only', ['.1.tif', '1.pdf'], 'no TIFF'],
    ['a TIFF without its PDF', ['1.tif', '2.tif', '1.pdf'], 'pairs differ'],
    ['pairs of other names', ['1.tif', '3.tif', '1.pdf', '2.pdf'], 'pairs differ'],
    ['pairs that differ behind a dot', ['1.a.tif', '1.b.pdf'], 'pairs differ'],
    ['two TIFFs for one page', ['1.tif', '1.tiff', '1.pdf', '1.PDF'], 'pairs differ'],
    ['a picture of another kind', ['1.tif', '1.pdf', '1.jpg'], 'bad extension'],
    ['a directory', ['1.tif', '1.pdf', 'more/'], 'subdirectory'],
    ['a link for a page', ['1.tif', '1.pdf', '2.tif -> 1.tif'], 'not a regular file'],
  ])('with %s: %s', async (_what, names, rule) => {
    await givenFiles(area, 'mwa/sn2/1856-05-10/', ...names.map((name) => `mwa/sn2/1856-05-10/${name}`));
    expect(await found('scan')).toEqual([`mwa/sn2/1856-05-10: sn2/1856051001 of mwa; ${rule}`]);
  });

  it('pair by name however many digits they have', async () => {
    const names = ['1', '2', '10', 'a', 'a-b', 'a.b'].flatMap((name) => [`${name}.tif`, `${name}.pdf`]);
    await givenFiles(area, ...names.map((name) => `mwa/sn2/1856-05-10/${name}`));
    expect(await found('scan')).toEqual(['mwa/sn2/1856-05-10: sn2/1856051001 of mwa']);
  });

  it('name the first pair that differs', async () => {
    await givenFiles(area, ...['1.tif', '3.tif', '1.pdf', '2.pdf'].map((name) => `mwa/sn2/1856-05-10/${name}`));
    expect((await messages('scan')).join()).toContain('don\'t match: pair 2 is "2" and "3"');
  });

  it('are not looked for behind links', async () => {
    await givenFiles(
      area,
      'mwa/sn2/1856-05-10/1.tif',
      'mwa/sn2/1856-05-10/1.pdf',
      'mwa/sn2/1856-05-17 -> 1856-05-10',
      'oru -> mwa',
    );
    expect(await found('scan')).toEqual([
      'oru: OBSTACLE not a regular file',
      'mwa/sn2/1856-05-17: OBSTACLE not a regular file',
      'mwa/sn2/1856-05-10: sn2/1856051001 of mwa',
    ]);
  });
});

describe('an upload area', () => {
  it('that is not mounted is an error, not an empty one', async () => {
    await expect(found('scan', { area: join(area, 'nothing') })).rejects.toThrow(/cannot be read.*SCAN_UPLOAD_PATH/);
    await expect(found('borndigital', { area: join(area, 'nothing') })).rejects.toThrow(
      /cannot be read.*PDF_UPLOAD_PATH/,
    );
  });

  it('that changes during the scan loses only what is gone', async () => {
    await givenFiles(area, 'sn2/1856-05-10/1.pdf', 'sn2/1856-05-17/1.pdf', 'sn2/1856-05-24/1.pdf');
    const settings = { PDF_UPLOAD_PATH: area, SCAN_UPLOAD_PATH: area, PDF_BATCH_MARC_ORG_CODE: 'oru' };
    const seen: string[] = [];
    for await (const finding of findUploads(own.database.kysely, 'borndigital', settings)) {
      if (finding.found === 'upload') seen.push(relative(area, finding.directory));
      execFileSync('rm', ['-rf', join(area, 'sn2/1856-05-17')]);
    }
    expect(seen).toEqual(['sn2/1856-05-10', 'sn2/1856-05-24']);
  });

  it('that holds a directory which cannot be read tells of it and goes on', async () => {
    await givenFiles(area, 'sn2/0/', 'sn2/1856-05-10/1.pdf');
    // Root may read everything but a path longer than the system allows.
    const deep = 'n=$(printf "%0200d" 0); for i in $(seq 25); do mkdir "$n" && cd "$n" || exit 1; done';
    execFileSync('bash', ['-c', deep], { cwd: join(area, 'sn2/0') });
    try {
      expect(await found('borndigital')).toEqual([
        expect.stringMatching(/^sn2\/0\/0+.*: OBSTACLE unreadable$/),
        'sn2/1856-05-10: sn2/1856051001 of mwa',
      ]);
    } finally {
      execFileSync('rm', ['-rf', join(area, 'sn2/0')]);
    }
  });

  it.skipIf(!existsSync(REAL))('of real issues is found whole and without a problem', async () => {
    expect(await found('borndigital', { area: join(REAL, 'born-digital') })).toEqual(
      ['03', '10', '17', '24'].map((day) => `sn93059126/1856-05-${day}: sn93059126/185605${day}01 of oru`),
    );
    expect(await found('scan', { area: join(REAL, 'scans') })).toEqual([
      'mwa/sn93059126/1856-05-10: sn93059126/1856051001 of mwa',
    ]);
  });
});
