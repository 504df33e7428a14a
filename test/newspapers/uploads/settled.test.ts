import { chmod, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { readManifest } from '../../../src/files/manifest.js';
import { forgetUploadClocks, UploadClock } from '../../../src/newspapers/uploads/clock.js';
import { checkSettled } from '../../../src/newspapers/uploads/settled.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { givenFiles } from '../upload-area.js';

const SEEN = new Date('2026-01-01T00:00:00Z');
const later = (hours: number) => new Date(SEEN.getTime() + hours * 3_600_000);
const QUIET = { DURATION_ISSUE_CONSIDERED_DANGEROUS: 48 * 3600, DURATION_ISSUE_CONSIDERED_NEW: 336 * 3600 };

let own: TestDatabase;
let upload: string;
let told: string[];
let clock: UploadClock;
beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(() => own.drop());
beforeEach(async () => {
  await own.database.pool.query('truncate newspapers.upload_clocks');
  upload = join(await temporaryDirectory(), '1856-05-10');
  await givenFiles(upload, '1.pdf', '2.pdf');
  told = [];
  clock = new UploadClock(own.database.kysely, (message) => told.push(message));
});

const check = (now: Date, quiet = QUIET) => checkSettled(upload, quiet, { clock, now });
const ruleAt = async (hours: number) => (await check(later(hours)))?.rule ?? 'none';

describe('row 15 and row 16: an upload that grows (newspapers spec 5.4)', () => {
  it('is dangerous to touch, then new, then complete, counted from when we first saw it', async () => {
    expect(await check(SEEN)).toEqual({
      rule: 'modified too recently',
      level: 'major',
      scope: 'issue',
      message: 'modified too recently; must be left alone 48 hours, until 2026-01-03T00:00:00.000Z',
    });
    expect(await ruleAt(47.9)).toBe('modified too recently');
    expect(await check(later(48))).toEqual({
      rule: 'may be too new',
      level: 'minor',
      scope: 'issue',
      message:
        'may be too new; updates may be pending; without a change it counts as complete from 2026-01-15T00:00:00.000Z',
    });
    expect(await ruleAt(335.9)).toBe('may be too new');
    expect(await ruleAt(336)).toBe('none');
  });

  it('is told in minutes where it is less than two hours', async () => {
    const quiet = { DURATION_ISSUE_CONSIDERED_DANGEROUS: 5400, DURATION_ISSUE_CONSIDERED_NEW: 0 };
    expect((await check(SEEN, quiet))?.message).toContain('left alone 90 minutes, until');
    expect(await checkSettled(upload, quiet, { clock, now: later(1.5) })).toBeUndefined();
  });

  it('is not asked about, and nothing is written, when both settings are 0', async () => {
    const quiet = { DURATION_ISSUE_CONSIDERED_DANGEROUS: 0, DURATION_ISSUE_CONSIDERED_NEW: 0 };
    expect(await check(SEEN, quiet)).toBeUndefined();
    expect(await readManifest(upload)).toBeUndefined();
  });

  it('is one that goes away under our eyes', async () => {
    await rm(upload, { recursive: true });
    expect(await ruleAt(99)).toBe('modified too recently');
  });
});

describe('the clock (newspapers spec 5.4.4, case 10 of 11.4)', () => {
  it.each<[string, () => Promise<unknown> | undefined]>([
    ['touching a file', () => utimes(join(upload, '1.pdf'), 1, 1)],
    ['adding one', () => writeFile(join(upload, '3.pdf'), '')],
    ['deleting one', () => rm(join(upload, '2.pdf'))],
    ['renaming one', () => rename(join(upload, '2.pdf'), join(upload, '3.pdf'))],
    ['chmod', () => chmod(join(upload, '1.pdf'), 0o600)],
    ['chmod -R of its files', () => chmod(join(upload, '2.pdf'), 0o666)],
  ])('is started again by %s', async (_what, change) => {
    await check(SEEN);
    await change();
    expect(await ruleAt(48)).toBe('modified too recently');
    expect(await ruleAt(95)).toBe('modified too recently');
    expect(await ruleAt(96)).toBe('may be too new');
  });

  it('starts at first sight for files that were copied with old times', async () => {
    for (const name of ['1.pdf', '2.pdf']) await utimes(join(upload, name), 1, 1);
    expect(await ruleAt(0)).toBe('modified too recently');
    expect(await ruleAt(48)).toBe('may be too new');
  });

  it("goes on from NCA's .manifest", async () => {
    await check(SEEN);
    const manifest = JSON.parse(await readFile(join(upload, '.manifest'), 'utf8')) as { Created: string };
    manifest.Created = '2025-12-20T02:03:04.123456789+01:00';
    await writeFile(join(upload, '.manifest'), JSON.stringify(manifest));
    expect(await ruleAt(0)).toBe('may be too new');
    expect((await stat(join(upload, '.manifest'))).mode & 0o777).toBe(0o600);
  });

  it('W16: reads back manifests of names with spaces, quotes, newlines and ampersands', async () => {
    const names = [
      'page 1.pdf',
      ' .pdf',
      'a "b".pdf',
      'new\nline.pdf',
      'a&b <c>.pdf',
      'é.pdf',
      'é.pdf'.normalize('NFD'),
    ];
    for (const name of names) await writeFile(join(upload, name), name);
    expect(await ruleAt(0)).toBe('modified too recently');
    expect(await ruleAt(48)).toBe('may be too new');
    const manifest = await readManifest(upload);
    expect(manifest?.files.map(({ name }) => name).sort()).toEqual(['1.pdf', '2.pdf', ...names].sort());
  });

  it.each<[string, (path: string) => unknown]>([
    ['a link out of the area', (path) => symlink('/etc/passwd', path)],
    ['a pipe', (path) => execFileSync('mkfifo', [path])],
    ['no JSON', (path) => writeFile(path, 'hello')],
    ['JSON that lies about everything', (path) => writeFile(path, '{"Created":"2000-01-01T00:00:00Z","Files":[]}')],
  ])('is not fooled, and waits for nothing, when the .manifest is %s', async (_what, make) => {
    await make(join(upload, '.manifest'));
    expect(await ruleAt(0)).toBe('modified too recently');
    expect((await stat(join(upload, '.manifest'))).isFile()).toBe(true);
    expect(await ruleAt(48)).toBe('may be too new');
    expect(await readFile('/etc/passwd', 'utf8')).toContain('root');
  });
});

/** Makes the area read-only for us: root may write everywhere, so it steps down until the test ends. */
async function readOnly(): Promise<void> {
  await chmod(upload, 0o555);
  if (process.geteuid?.() !== 0) return;
  process.seteuid?.(65534);
  onTestFinished(() => {
    process.seteuid?.(0);
  });
}
const writable = async (work: () => Promise<unknown>): Promise<void> => {
  const euid = process.geteuid?.();
  process.seteuid?.(process.getuid?.() ?? 0);
  await chmod(upload, 0o755);
  await work();
  await chmod(upload, 0o555);
  if (euid !== undefined) process.seteuid?.(euid);
};

describe('an upload area that cannot be written', () => {
  it('has its clocks in the database, which is told once', async () => {
    await readOnly();
    expect(await ruleAt(0)).toBe('modified too recently');
    expect(await ruleAt(47)).toBe('modified too recently');
    expect(await ruleAt(48)).toBe('may be too new');
    expect(await ruleAt(336)).toBe('none');
    expect(await readManifest(upload)).toBeUndefined();
    expect(told).toEqual([expect.stringMatching(/kept in the database.*EACCES/) as string]);
  });

  it('has them started again by a change, and forgotten when nobody has seen them for a month', async () => {
    await readOnly();
    await check(SEEN);
    await writable(() => writeFile(join(upload, '3.pdf'), ''));
    expect(await ruleAt(48)).toBe('modified too recently');
    expect(await ruleAt(96)).toBe('may be too new');
    await forgetUploadClocks(own.database.kysely, later(96 + 29 * 24));
    expect(await ruleAt(97)).toBe('may be too new');
    await forgetUploadClocks(own.database.kysely, later(97 + 31 * 24));
    expect(await ruleAt(98)).toBe('modified too recently');
  });

  it('goes on from a .manifest that is there', async () => {
    await check(SEEN);
    await chmod(join(upload, '.manifest'), 0o644);
    await readOnly();
    expect(await ruleAt(48)).toBe('may be too new');
    expect(told).toEqual([]);
  });
});
