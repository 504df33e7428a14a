/** From the issues of a batch to its bag and its live copy, whatever happens on the way. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { validateBag as validate } from '../../../src/files/bagit/validate-bag.js';
import { FixityBroken } from '../../../src/files/fixity/compare.js';
import { readFileSets } from '../../../src/files/fixity/file-records.js';
import type * as threads from '../../../src/files/threads.js';
import { closeThreads } from '../../../src/files/threads.js';
import { checkForOni } from '../../../src/newspapers/batch-files/oni-rules.js';
import { batchObject } from '../../../src/newspapers/batches/batches.js';
import { buildMets } from '../../../src/newspapers/jobs/build-mets.js';
import { copyLive } from '../../../src/newspapers/jobs/copy-live.js';
import { createBatchStructure } from '../../../src/newspapers/jobs/create-batch-structure.js';
import { useDatabase } from '../../engine/support.js';
import { killAfter, restart } from '../../files/killed.js';
import { BatchStage, givenPages, rot, sha256Of, sumsBelow, type GivenBatch } from './batch-stage.js';
import { mayMount } from '../../support/may-mount.js';

/** What threads read of files, so that nothing is read twice unseen. */
const read: string[] = [];
vi.mock('node:fs/promises', async (original) => (await import('../../files/killed.js')).killable(await original()));
vi.mock('../../../src/files/threads.js', async (original) => {
  const { inThread, ...rest } = (await import('../../files/killed.js')).killableThreads(
    await original<typeof threads>(),
  );
  const watched: typeof threads.inThread = (module, exportName, input, ...more) => {
    if (exportName === 'hashFile') read.push(input as string);
    if (exportName === 'copyAndHash') read.push((input as { from: string }).from);
    if (exportName === 'hashWithAll') read.push((input as { path: string }).path);
    return (inThread as typeof threads.inThread)(module, exportName, input, ...more);
  };
  return { ...rest, inThread: watched };
});

const own = useDatabase();
const stage = new BatchStage(own, givenPages());
afterAll(() => closeThreads());
beforeEach(() => void read.splice(0));

const runAll = async (given: GivenBatch): Promise<void> => {
  for (const job of stage.jobs(given)) await stage.run(job);
};
const below = (given: GivenBatch, index: number) => {
  const issue = given.issues[index];
  if (!issue?.location) throw new Error('no such issue');
  return { ...issue, location: issue.location, path: `data/${issue.lccn}/print/1856051001` };
};

describe('a batch', () => {
  test('is laid out as the sites want it, of hard links, and is a valid bag that Open ONI loads; so is its live copy', async () => {
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    const given = await stage.batch(2);
    const { batch, issues, output, live } = given;
    await runAll(given);
    const files = (paths: string[]) => issues.flatMap((issue) =>
      paths.concat(issue.kind === 'scan' ? paths.includes('original') ? ['0001.tif', '0002.tif'] : [] : paths.includes('original') ? ['original.tar'] : [])
        .filter((name) => name !== 'original').map((name) => `data/${issue.lccn}/print/1856051001/${name}`)); // prettier-ignore
    const tags = ['bag-info.txt', 'bagit.txt', 'manifest-sha256.txt', 'tagmanifest-sha256.txt'];
    const pages = ['0001.jp2', '0001.pdf', '0001.xml', '0002.jp2', '0002.pdf', '0002.xml', '1856051001.xml'];
    expect(Object.keys(sumsBelow(output))).toEqual(
      [...tags, 'data/batch.xml', ...files([...pages, 'original'])].sort(),
    );
    expect(Object.keys(sumsBelow(live))).toEqual([...tags, 'data/batch.xml', ...files(pages)].sort());
    const { location, path } = below(given, 0);
    expect(lstatSync(join(output, path, '0001.jp2')).ino).toBe(lstatSync(join(location, '0001.jp2')).ino);
    expect(lstatSync(join(live, path, '0001.jp2')).ino).not.toBe(lstatSync(join(location, '0001.jp2')).ino);

    for (const bag of [output, live]) {
      expect(await validate(bag)).toMatchObject({ problems: [], warnings: [] });
      expect(await checkForOni(bag, { awardees: ['mwa'] })).toEqual([]);
      for (const entry of readdirSync(bag, { recursive: true, withFileTypes: true })) {
        const { mode } = lstatSync(join(entry.parentPath, entry.name));
        expect((mode & 0o777).toString(8), entry.name).toBe(entry.isFile() ? '644' : '755');
      }
    }
    expect(readFileSync(join(output, 'bag-info.txt'), 'utf8')).toMatch(
      new RegExp(
        `^Source-Organization: American Antiquarian Society\nExternal-Identifier: ${batch.fullName}\n[^]*Payload-Oxum: \\d+\\.18\n$`,
      ),
    );
    expect(await stage.records(given)).toEqual({
      bag: { directory: output, files: sumsBelow(output) },
      live: { directory: live, files: sumsBelow(live) },
    });
  });

  test('(W17) each of its files is read once when it enters, not again for the manifest, and once for the live copy', async () => {
    const given = await stage.batch(2);
    const payload = given.issues.flatMap(({ location }) =>
      readdirSync(location ?? '').filter((name) => !name.startsWith('.')),
    );
    const jobs = stage.jobs(given);
    const reads: number[] = [];
    for (const job of jobs) {
      read.splice(0);
      await stage.run(job);
      reads.push(read.filter((path) => path.includes('/data/')).length);
      expect(new Set(read).size).toBe(read.length);
    }
    const forSites = payload.filter((name) => !/\.(tif|tar)$/.test(name)).length;
    expect(reads).toEqual([payload.length, 0, 0, 0, 0, forSites + 1]); // and batch.xml
    read.splice(0);
    for (const job of jobs.slice(3)) await stage.run(job); // again
    expect(read.filter((path) => path.includes('/data/'))).toEqual([]);
  });

  test.each([0, 1, 3, 4, 5])(
    '(W9) job %i run twice, also when the first run was not recorded, changes nothing',
    async (index) => {
      const given = await stage.batch();
      const jobs = stage.jobs(given);
      for (const job of jobs.slice(0, index)) await stage.run(job);
      const job = jobs[index];
      if (!job) throw new Error('no such job');
      await stage.run(job, { commit: false });
      const [tree, root] = [sumsBelow(given.root), given.root];
      await stage.run(job);
      const records = await stage.records(given);
      await stage.run(job);
      expect(sumsBelow(root)).toEqual(tree);
      expect(await stage.records(given)).toEqual(records);
      for (const rest of jobs.slice(index + 1)) await stage.run(rest);
      expect((await validate(given.output)).problems).toEqual([]);
      expect((await validate(given.live)).problems).toEqual([]);
    },
  );

  test.each([
    [0, 7],
    [1, 1],
    [3, 5],
    [5, 11],
  ])(
    '(W9) job %i killed at any point and run again ends in the same files and records',
    { timeout: 240_000 },
    async (index, step) => {
      const given = await stage.batch();
      const jobs = stage.jobs(given);
      const [job] = jobs.slice(index);
      if (!job) throw new Error('no such job');
      for (const each of jobs.slice(0, index + 1)) await stage.run(each);
      const [wanted, records] = [sumsBelow(given.root), await stage.records(given)];
      let calls = 0;
      for (let wasKilled = true; wasKilled; calls += step) {
        for (const directory of ['outgoing', 'production'])
          rmSync(join(given.root, directory), { recursive: true, force: true });
        await own.database.pool.query('delete from file_sets where object_type = $1', ['batch']);
        for (const each of jobs.slice(0, index)) await stage.run(each);
        killAfter(calls);
        wasKilled = await stage.run(job).then(
          () => false,
          (error: unknown) => {
            if (!restart()) throw error;
            return true;
          },
        );
        restart();
        if (wasKilled) await stage.run(job);
        expect(sumsBelow(given.root)).toEqual(wanted);
        expect(await stage.records(given)).toEqual(records);
      }
      expect(calls).toBeGreaterThan(10);
    },
  );

  test('is built anew when what lies there is of another build: nothing stale stays in it', async () => {
    const given = await stage.batch();
    const [build] = stage.jobs(given);
    if (!build) throw new Error('no job');
    const { location, path } = below(given, 0);
    mkdirSync(join(given.building, 'data/sn1/print'), { recursive: true });
    writeFileSync(join(given.building, 'data/sn1/print/0001.jp2'), 'of an issue that was flagged');
    mkdirSync(join(given.building, path, '0001.jp2'), { recursive: true }); // a directory where a file must be
    writeFileSync(join(given.building, path, '0001.pdf'), 'half');
    cpSync(join(location, '0001.xml'), join(given.building, path, '0001.xml'));
    rot(join(given.building, path, '0001.xml')); // its size is right
    await stage.run(build);
    const { bag } = await stage.records(given);
    expect(sumsBelow(given.building)).toEqual(bag?.files);
    expect(readdirSync(join(given.building, 'data')).sort()).toEqual(given.issues.map(({ lccn }) => lccn).sort());
  });
});

test('(W9) building a METS killed at any point and run again ends in the same METS', async () => {
  const given = await stage.batch();
  const { id, location } = below(given, 0);
  const file = join(location, '1856051001.xml');
  const undated = () => readFileSync(file, 'utf8').replace(/CREATEDATE="[^"]*"/, '');
  const [names, wanted] = [readdirSync(location), undated()];
  for (let calls = 0, wasKilled = true; wasKilled; calls += 1) {
    rmSync(file);
    killAfter(calls);
    wasKilled = await stage.run(buildMets({ issueId: id })).then(
      () => false,
      (error: unknown) => {
        if (!restart()) throw error;
        return true;
      },
    );
    restart();
    await stage.run(buildMets({ issueId: id }));
    expect(undated()).toBe(wanted);
    const rests = readdirSync(location).filter((name) => !names.includes(name));
    expect(rests.filter((name) => !name.startsWith('.pressmark-'))).toEqual([]); // those no listing takes for files
  }
});

describe('(W17) a batch is refused', () => {
  test('when a file of an issue rotted: file and both sums are named, and it is not in the batch', async () => {
    const given = await stage.batch();
    const { location, path, humanName } = below(given, 1);
    const recorded = sha256Of(join(location, '0001.jp2'));
    rot(join(location, '0001.jp2'));
    const [build] = stage.jobs(given);
    if (!build) throw new Error('no job');
    const failure = await stage.run(build).catch((error: unknown) => error as Error);
    expect(failure).toBeInstanceOf(FixityBroken);
    const told = (failure as Error).message;
    for (const part of [humanName, '0001.jp2', recorded, sha256Of(join(location, '0001.jp2'))])
      expect(told).toContain(part);
    expect(sumsBelow(given.building)).not.toHaveProperty([`${path}/0001.jp2`]);
    expect(await stage.records(given)).toEqual({});
    rot(join(location, '0001.jp2')); // the bit flips back: what was recorded is there again
    await stage.run(build);
  });

  test('when several files are not as recorded: all are named at once, before anything is read', async () => {
    const given = await stage.batch();
    const [one, two] = [below(given, 0), below(given, 1)];
    rmSync(join(one.location, '0001.jp2'));
    writeFileSync(join(two.location, '0002.jp2'), 'nobody knows it');
    writeFileSync(join(two.location, '0001.xml'), 'shorter');
    const failure = await stage
      .run(createBatchStructure({ batchId: given.batch.id, location: given.building }))
      .catch((error: unknown) => error as Error);
    expect(failure).toBeInstanceOf(FixityBroken);
    const { message } = failure as Error;
    expect(message).toMatch(/^3 files in .*workflow" are not as recorded/);
    expect(message).toContain(`${one.humanName}/0001.jp2 is missing`);
    expect(message).toContain(`${two.humanName}/0002.jp2 is there but was never recorded`);
    expect(message).toContain(`${two.humanName}/0001.xml is 7 bytes long, but was`);
    expect(read).toEqual([]);
  });

  test.each([
    ['has no files any more', { location: null }, /has no files any more/],
    ['was dated anew since its METS was made', { date: '1856-05-11' }, /has no recorded METS 1856051101\.xml/],
  ])('when an issue %s', async (_, columns, words) => {
    const given = await stage.batch();
    await stage.db.updateTable('newspapers.issues').set(columns).where('id', '=', below(given, 0).id).execute();
    const failure = await stage
      .run(createBatchStructure({ batchId: given.batch.id, location: given.building }))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FatalError);
    expect((failure as Error).message).toMatch(words);
  });

  test('when its bag rotted before the live copy: file and both sums are named, and there is no live copy', async () => {
    const given = await stage.batch();
    const jobs = stage.jobs(given);
    for (const job of jobs.slice(0, 5)) await stage.run(job);
    const file = join(given.output, below(given, 0).path, '0001.xml');
    const recorded = sha256Of(file);
    rot(file);
    const copy = copyLive({ batchId: given.batch.id, from: given.output, to: given.live });
    const failure = await stage.run(copy).catch((error: unknown) => error as Error);
    expect(failure).toBeInstanceOf(FixityBroken);
    for (const part of ['0001.xml', recorded, sha256Of(file)]) expect((failure as Error).message).toContain(part);
    expect(readdirSync(join(given.root, 'production'))).toEqual([`.wip-${given.batch.fullName}`]);
    rot(file);
    await stage.run(copy);
    expect((await validate(given.live)).problems).toEqual([]);
  });

  test('when files came or went in its bag', async () => {
    const given = await stage.batch();
    const jobs = stage.jobs(given);
    for (const job of jobs.slice(0, 4)) await stage.run(job);
    writeFileSync(join(given.output, 'data', 'Thumbs.db'), 'by a file server');
    const [check] = jobs.slice(4);
    if (!check) throw new Error('no job');
    await expect(stage.run(check)).rejects.toThrow(
      /is no valid bag: data\/Thumbs\.db is there, but listed in no manifest/,
    );
    rmSync(join(given.output, 'data', 'Thumbs.db'));
    await stage.run(check);
    writeFileSync(join(given.output, 'manifest-sha256.txt'), '');
    await expect(stage.run(check)).rejects.toThrow(FatalError);
  });

  test('for the sites when another batch stands at its place', async () => {
    const given = await stage.batch();
    const jobs = stage.jobs(given);
    for (const job of jobs.slice(0, 5)) await stage.run(job);
    mkdirSync(join(given.live, 'data'), { recursive: true });
    const [copy] = jobs.slice(5);
    if (!copy) throw new Error('no job');
    await expect(stage.run(copy)).rejects.toThrow(/is there already, but it is no copy of this batch as it is now/);
    rmSync(given.live, { recursive: true });
    await stage.run(copy);
    renameSync(join(given.live, 'data/batch.xml'), join(given.live, 'data/batch2.xml'));
    await expect(stage.run(copy)).rejects.toThrow(/not whole: data\/batch\.xml is missing/);
  });
});

test('a file that somebody laid beside the bag is listed with it (newspapers 11.3, bag d)', async () => {
  const given = await stage.batch();
  const jobs = stage.jobs(given);
  for (const job of jobs.slice(0, 3)) await stage.run(job);
  writeFileSync(join(given.output, 'letter of the donor.txt'), 'Dear library');
  for (const job of jobs.slice(3)) await stage.run(job);
  expect(readFileSync(join(given.output, 'tagmanifest-sha256.txt'), 'utf8')).toContain('  letter of the donor.txt\n');
  const sets = await readFileSets(stage.db, batchObject(given.batch.id), given.output);
  expect(sets.flatMap(({ files }) => files.map(({ path }) => path))).toContain('letter of the donor.txt'); // so it may move on
  expect((await validate(given.output)).problems).toEqual([]);
});

describe.skipIf(!mayMount)('a batch whose areas are on disks of their own', () => {
  /** The outgoing area on a disk of that size. */
  async function givenDisk(size: string): Promise<GivenBatch> {
    const given = await stage.batch();
    const area = join(given.root, 'outgoing');
    mkdirSync(area);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', area]);
    onTestFinished(() => void execFileSync('umount', ['-l', area]));
    return given;
  }

  test('is made of copies instead of links, each read once', async () => {
    const given = await givenDisk('100m');
    const { location, path } = below(given, 0);
    chmodSync(join(location, '0001.jp2'), 0o600);
    await runAll(given);
    expect((await validate(given.output)).problems).toEqual([]);
    expect((await validate(given.live)).problems).toEqual([]);
    const copy = lstatSync(join(given.output, path, '0001.jp2'));
    expect([copy.nlink, (copy.mode & 0o777).toString(8)]).toEqual([1, '644']);
    const reads = read.filter((each) => each.startsWith(location));
    expect(new Set(reads).size).toBe(reads.length);
  });

  test('waits for room before anything is copied (W40)', async () => {
    const given = await givenDisk('8m'); // less than is kept free
    const [build] = stage.jobs(given);
    if (!build) throw new Error('no job');
    await expect(stage.run(build)).rejects.toThrow(/^try later: .*MB free, .* make room, the job will try again/);
    expect(read).toEqual([]);
  });
});
