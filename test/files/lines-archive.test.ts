/** Lines that are added to a compressed file in batches, each durable before the next. */
import { execFileSync } from 'node:child_process';
import { appendFile, open, readdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { lengthOfWholeMembers } from '../../src/files/gzip-members.js';
import { ArchiveNotWritten, LinesArchive, PARTIAL } from '../../src/files/lines-archive.js';
import { mayMount } from '../support/may-mount.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});

// eslint-disable-next-line @typescript-eslint/require-await
async function* lines(...all: string[]): AsyncGenerator<string> {
  for (const line of all) yield `${line}\n`;
}
const read = async (name: string): Promise<string> => gunzipSync(await readFile(join(directory, name))).toString();
/** Bytes that do not compress: a batch of more than one block. */
const noise = (length: number): string => Array.from({ length }, () => Math.random().toString(36).slice(2)).join('');

/** The file of a run that was killed after two batches. */
async function killed(): Promise<string> {
  const archive = new LinesArchive(directory, 'pipelines');
  await archive.keep(lines('one', noise(20_000)));
  await archive.keep(lines('two'));
  onTestFinished(() => archive.finish().catch(() => undefined)); // the end of its process
  const [name = ''] = await readdir(directory);
  return name;
}

describe('a run', () => {
  it('keeps its lines in one file, which has its name when the run is finished', async () => {
    const archive = new LinesArchive(directory, 'pipelines');
    const name = await archive.keep(lines('one', 'two'));
    expect(await readdir(directory)).toEqual([name + PARTIAL]);
    expect(await read(name + PARTIAL)).toBe('one\ntwo\n');
    expect(await archive.keep(lines('three'))).toBe(name);
    await archive.finish();
    expect(await readdir(directory)).toEqual([name]);
    expect(await read(name)).toBe('one\ntwo\nthree\n');
    expect((await stat(join(directory, name))).mode & 0o777).toBe(0o640);
    expect((await stat(join(directory, name))).size).toBe(archive.bytes);
  });

  it('that keeps nothing makes no file and no directory', async () => {
    const archive = new LinesArchive(join(directory, 'below'), 'pipelines');
    expect(await archive.takeUp()).toEqual([]);
    await archive.finish();
    expect(await readdir(directory)).toEqual([]);
  });

  it('goes on in another file when a run that took it for dead has finished the first', async () => {
    const archive = new LinesArchive(directory, 'pipelines');
    const first = await archive.keep(lines('one'));
    expect(await new LinesArchive(directory, 'pipelines').takeUp()).toEqual([first]);
    const second = await archive.keep(lines('two'));
    await archive.finish();
    expect([await read(first), await read(second)]).toEqual(['one\n', 'two\n']);
  });

  it('whose file another one finished in the middle of a batch counts nothing of that batch, and spoils nothing', async () => {
    const archive = new LinesArchive(directory, 'pipelines');
    const first = await archive.keep(lines('one'));
    async function* interrupted(): AsyncGenerator<string> {
      yield noise(100_000);
      await new LinesArchive(directory, 'pipelines').takeUp();
      yield 'two\n';
    }
    await expect(archive.keep(interrupted())).rejects.toThrow('was finished by another run while it was written');
    expect(await read(first)).toBe('one\n');
    const second = await archive.keep(lines('two'));
    await archive.finish();
    expect(await read(second)).toBe('two\n');
  });

  it('whose lines fail leaves the file as it was, whatever was just being written', async () => {
    const archive = new LinesArchive(directory, 'pipelines');
    const name = await archive.keep(lines('one'));
    const { size } = await stat(join(directory, name + PARTIAL));
    const random = noise(100_000);
    async function* failing(turns: number): AsyncGenerator<string> {
      yield random;
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate); // blocks are on their way to the disk
      throw new Error('the database is gone');
    }
    for (let turns = 0; turns < 300; turns++) {
      await expect(archive.keep(failing(turns % 60))).rejects.toThrow('the database is gone');
      expect((await stat(join(directory, name + PARTIAL))).size).toBe(size);
    }
    await archive.keep(lines('two'));
    await archive.finish();
    expect(await read(name)).toBe('one\ntwo\n');
  });

  it('that ends at the moment when another begins is not hindered by it, nor it by that', async () => {
    for (let round = 0; round < 100; round++) {
      const archive = new LinesArchive(directory, `round${round}`);
      const name = await archive.keep(lines('one'));
      await Promise.all([archive.finish(), new LinesArchive(directory, `round${round}`).takeUp()]);
      expect(await read(name)).toBe('one\n');
    }
  });
});

describe('after a kill', () => {
  it('a whole file gets its name', async () => {
    const name = await killed();
    expect(await new LinesArchive(directory, 'pipelines').takeUp()).toEqual([name.slice(0, -PARTIAL.length)]);
    expect(await readdir(directory)).toEqual([name.slice(0, -PARTIAL.length)]);
  });

  it.each<[string, (path: string, size: number) => Promise<unknown>]>([
    ['half a batch', async (path) => appendFile(path, (await readFile(path)).subarray(0, 70_000))],
    ['a header', (path) => appendFile(path, Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3]))],
    ['half a header', (path) => appendFile(path, Buffer.from([0x1f, 0x8b]))],
    ['blocks that never reached the disk', (path) => appendFile(path, Buffer.alloc(9000))],
    [
      'a batch without its end',
      async (path, size) => {
        await appendFile(path, (await readFile(path)).subarray(0, size));
        await truncate(path, 2 * size - 3);
      },
    ],
  ])('%s at its end is cut off; what was kept is kept', async (_, tear) => {
    const name = await killed();
    const path = join(directory, name);
    const before = await readFile(path);
    await tear(path, before.length);
    const [taken = ''] = await new LinesArchive(directory, 'pipelines').takeUp();
    const now = await readFile(join(directory, taken));
    expect(now.subarray(0, before.length).equals(before)).toBe(true);
    expect((await read(taken)).startsWith('one\n')).toBe(true); // can be read to its end
    expect(await lengthOfWholeMembers(join(directory, taken))).toBe(now.length);
  });

  it('a file that is damaged in its middle is left as it is: the batches behind are nowhere else', async () => {
    const path = join(directory, await killed());
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(100), 0, 100, 2000);
    await file.close();
    const before = await readFile(path);
    const archive = new LinesArchive(directory, 'pipelines');
    await expect(archive.takeUp()).rejects.toThrow(/damaged at byte 0, .*take \.partial from its name/);
    expect((await readFile(path)).equals(before)).toBe(true);
    await rename(path, path.slice(0, -PARTIAL.length));
    expect(await archive.takeUp()).toEqual([]);
  });

  it('a file without one whole batch goes', async () => {
    await writeFile(join(directory, `pipelines-x.jsonl.gz${PARTIAL}`), Buffer.from([0x1f, 0x8b, 0x08]));
    expect(await new LinesArchive(directory, 'pipelines').takeUp()).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });

  it("others' files stay as they are", async () => {
    await writeFile(join(directory, `notes.jsonl.gz${PARTIAL}`), 'x');
    await writeFile(join(directory, 'pipelines-1.jsonl.gz'), 'x');
    expect(await new LinesArchive(directory, 'pipelines').takeUp()).toEqual([]);
    expect(await readdir(directory)).toEqual([`notes.jsonl.gz${PARTIAL}`, 'pipelines-1.jsonl.gz']);
  });
});

describe('what the system refuses is told, with what to do', () => {
  it('a directory that cannot be made', async () => {
    const file = join(directory, 'file');
    await (await open(file, 'w')).close();
    const archive = new LinesArchive(join(file, 'below'), 'pipelines');
    await expect(archive.keep(lines('one'))).rejects.toThrow(
      /file\/below could not be written: ENOTDIR.*make room or give permission, then run it again/,
    );
    await expect(archive.takeUp()).rejects.toThrow(ArchiveNotWritten);
  });

  it.skipIf(!mayMount)('a full disk: the batch leaves nothing, those before it stay', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory]);
    onTestFinished(() => void execFileSync('umount', ['-l', directory]));
    const archive = new LinesArchive(directory, 'pipelines');
    const name = await archive.keep(lines('one'));
    await expect(archive.keep(lines(noise(100_000)))).rejects.toThrow(/ENOSPC: no space left on device.*make room/);
    await archive.finish();
    expect(await readdir(directory)).toEqual([name]);
    expect(await read(name)).toBe('one\n');
  });
});
