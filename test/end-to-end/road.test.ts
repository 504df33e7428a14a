/** The straight road with generated newspapers and the real programs: upload to derivatives, and what a user finds there. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSampleUploads, type SampleUploads } from '../../src/newspapers/samples/uploads.js';
import { daemonEnd, makeWorld, reviewPages, type World } from './daemon.js';

const run = promisify(execFile);
const XSD = resolve('../shared/data/newspapers/schemas');

let world: World;
let uploads: SampleUploads;

beforeAll(async () => {
  world = await makeWorld(await mkdtemp(join(tmpdir(), 'pressmark-road-')));
  const marcDirectory = join(world.root, 'marc');
  uploads = await makeSampleUploads({
    pdfUploadPath: world.pdfUploads,
    scanUploadPath: world.scanUploads,
    marcDirectory,
    orgCode: 'tst',
    seed: 7,
    bornDigital: { pages: 3 },
    scan: { pages: 2, dpi: 200 },
  });
  await world.run('orgs', 'add', 'tst', 'Test Library');
  await world.run('titles', 'add', '--marc', marcDirectory);
}, 240_000);

afterAll(async () => {
  await world.own.drop();
  await rm(world.root, { recursive: true, force: true });
});

const issues = () =>
  world.own.database.kysely
    .selectFrom('newspapers.issues')
    .select(['id', 'kind', 'human_name', 'workflow_step', 'location', 'backup_location'])
    .orderBy('kind')
    .execute();

const facts = async (directory: string) => (await readdir(directory)).sort();

describe('two issues on the straight road', () => {
  test('a dry run promises them and changes nothing', async () => {
    for (const [type, issue] of [
      ['borndigital', uploads.bornDigital[0]],
      ['scan', uploads.scans[0]],
    ] as const) {
      const said = await world.run('bulk-queue', '--type', type, '--key', issue?.lccn ?? '', '--dry-run');
      expect(said).toContain(issue?.lccn);
    }
    expect(await issues()).toEqual([]);
  });

  test(
    'are queued, and the scan is done while the born-digital one waits for its page review',
    { timeout: 180_000 },
    async () => {
      await world.run('bulk-queue', '--type', 'borndigital', '--key', uploads.bornDigital[0]?.lccn ?? '');
      await world.run('bulk-queue', '--type', 'scan', '--key', uploads.scans[0]?.lccn ?? '');
      await daemonEnd(world.startDaemon());

      const [bornDigital, scan] = await issues();
      expect(bornDigital).toMatchObject({ kind: 'borndigital', workflow_step: 'AwaitingPageReview' });
      expect(await facts(join(world.review, bornDigital?.human_name ?? ''))).toEqual([
        'seq-0001.pdf',
        'seq-0002.pdf',
        'seq-0003.pdf',
      ]);
      expect(await facts(bornDigital?.backup_location ?? '')).toEqual(
        uploads.bornDigital[0]?.files.map((file) => file.split('/').at(-1)),
      );
      expect(
        await facts(world.pdfUploads).then((titles) =>
          Promise.all(titles.map((title) => facts(join(world.pdfUploads, title)))),
        ),
      ).toEqual([[]]);

      expect(scan).toMatchObject({ kind: 'scan', workflow_step: 'ReadyForMetadataEntry', backup_location: null });
      expect(await facts(scan?.location ?? '')).toEqual(
        ['0001', '0002'].flatMap((page) => ['jp2', 'pdf', 'tif', 'xml'].map((extension) => `${page}.${extension}`)),
      );
    },
  );

  test('the reviewer renames the pages, and the derivatives are made', { timeout: 180_000 }, async () => {
    await reviewPages(world);
    await daemonEnd(world.startDaemon());
    const [bornDigital] = await issues();
    expect(bornDigital).toMatchObject({
      workflow_step: 'ReadyForMetadataEntry',
      location: join(world.workflow, bornDigital?.human_name ?? ''),
    });
    expect(await facts(bornDigital?.location ?? '')).toEqual(
      ['0001', '0002', '0003'].flatMap((page) => ['jp2', 'pdf', 'xml'].map((extension) => `${page}.${extension}`)),
    );
    expect(await facts(world.review)).toEqual([]);
    const pages = await world.own.database.kysely
      .selectFrom('newspapers.pages')
      .select(['number', 'label', 'no_label'])
      .where('issue_id', '=', bornDigital?.id ?? 0)
      .orderBy('number')
      .execute();
    expect(pages).toEqual([1, 2, 3].map((number) => ({ number, label: null, no_label: false })));
    expect(await world.run('holding-pen', 'list')).toMatch(/metadata_entry.*\n.*metadata_entry/);
    expect(await facts(world.workflow)).toEqual((await issues()).map((issue) => issue.human_name).sort()); // no .wip-, no .split- is left
  });

  test('opj_decompress reads every JP2', { timeout: 120_000 }, async () => {
    for (const { location } of await issues()) {
      for (const name of (await facts(location ?? '')).filter((file) => file.endsWith('.jp2'))) {
        const decoded = join(world.root, 'decoded.tif');
        await run('opj_decompress', ['-i', join(location ?? '', name), '-o', decoded]);
        expect(existsSync(decoded)).toBe(true);
        await rm(decoded);
      }
    }
  });

  test('every printed word is in the ALTO of its page, in a file that its schema accepts', async () => {
    const [bornDigital] = await issues();
    for (const [i, words] of (uploads.bornDigital[0]?.words ?? []).entries()) {
      const file = join(bornDigital?.location ?? '', `${String(i + 1).padStart(4, '0')}.xml`);
      const alto = await readFile(file, 'utf8');
      const found = new Set([...alto.matchAll(/(?:CONTENT|SUBS_CONTENT)="([^"]*)"/g)].map((match) => match[1]));
      const plain = words.filter((word) => /^[A-Za-z]+$/.test(word));
      expect(plain.length).toBeGreaterThan(100);
      expect(plain.filter((word) => !found.has(word))).toEqual([]);
    }
  });

  test.skipIf(!existsSync(XSD))('xmllint accepts every ALTO against the schema that it names', async () => {
    for (const { location } of await issues()) {
      const files = (await facts(location ?? ''))
        .filter((file) => file.endsWith('.xml'))
        .map((file) => join(location ?? '', file));
      await run('xmllint', ['--noout', '--nonet', '--schema', join(XSD, 'alto-1-4.xsd'), ...files]);
    }
  });

  test('the same issue uploaded a second time is not queued, with the reason', async () => {
    const [bornDigital] = await issues();
    const upload = uploads.bornDigital[0]?.directory ?? '';
    await cp(bornDigital?.backup_location ?? '', upload, { recursive: true });
    const said = await world.run('bulk-queue', '--type', 'borndigital', '--key', uploads.bornDigital[0]?.lccn ?? '');
    expect(said).toContain(`looks like a duplicate`);
    expect(said).toContain(`of issue ${bornDigital?.id ?? ''} (born-digital, ReadyForMetadataEntry, in `);
    expect(await issues()).toHaveLength(2);
    expect(await facts(upload)).not.toEqual([]);
  });
});
