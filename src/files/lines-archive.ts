/** Lines that are added to a compressed file in batches, each durable before the next. */
import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { beginsBehind, lengthOfWholeMembers } from './gzip-members.js';
import { syncDirectory } from './land.js';
import { makeDirectory } from './make-directory.js';
import { quoted } from './quoted.js';

/** Ends the name of a file that its run has not finished. */
export const PARTIAL = '.partial';
const ENDING = '.jsonl.gz';

/** The system refused to write an archive, e.g. because its disk is full. */
export class ArchiveNotWritten extends Error {
  override name = 'ArchiveNotWritten';
  constructor(path: string, cause: Error) {
    super(`${quoted(path)} could not be written: ${cause.message}; make room or give permission, then run it again`, {
      cause,
    });
  }
}

/** The disk changed what was durable: whole batches stand behind the damage, and nowhere else. */
export class ArchiveDamaged extends Error {
  override name = 'ArchiveDamaged';
  constructor(path: string, at: number) {
    super(
      `${quoted(path)} is damaged at byte ${at}, with batches behind it that are nowhere else: bring it back from a backup, or take ${PARTIAL} from its name to leave it as it is; then run it again`,
    );
  }
}

interface Open {
  handle: FileHandle;
  path: string;
  /** Bytes that are durable: whole batches. */
  size: number;
}

/**
 * Appends to `<directory>/<prefix>-<UTC time>-<random>.jsonl.gz.partial`; `finish` takes the ending away. Each batch is a gzip
 * member of its own, synced before `keep` resolves: members may be strung together, so `zcat` reads the file at any time,
 * and what a kill tears off is at most the batch that was being written. A file is made with the first batch, under a name that
 * none had before; nothing is ever overwritten.
 */
export class LinesArchive {
  #file: Open | undefined;
  /** Bytes kept, in all files of this archive. */
  bytes = 0;

  constructor(
    readonly directory: string,
    readonly prefix: string,
  ) {}

  /**
   * Adds lines, each with its line break. Two runs must not do so at the same moment.
   *
   * @returns the file's name, as it is once finished
   * @throws ArchiveNotWritten; then the file is as it was before
   */
  async keep(lines: AsyncIterable<string>): Promise<string> {
    const file = await this.#open();
    let writing: Promise<void> = Promise.resolve();
    try {
      let size = file.size;
      const sink = new Writable({
        write(chunk: Buffer, _encoding, done) {
          writing = writeAll(file.handle, chunk, size);
          writing.then(() => {
            size += chunk.length;
            done();
          }, done);
        },
      });
      await pipeline(Readable.from(lines), createGzip(), sink);
      await file.handle.sync();
      if (!(await isStillThere(file)))
        throw new Error(
          `${quoted(file.path)} was finished by another run while it was written, so nothing of it counts; do two databases share the directory? Run it again, into a directory of its own`,
        );
      this.bytes += size - file.size;
      file.size = size;
      return basename(finishedName(file.path));
    } catch (error) {
      await writing.catch(() => undefined); // when the lines fail, one may be under way: it would come behind the cut
      await file.handle.truncate(file.size).catch(() => undefined); // else the next run does
      throw trouble(error, file.path);
    }
  }

  /** Gives the file its name; when nothing was kept there is none. */
  async finish(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    try {
      await file.handle.close();
      if (file.size === 0) await rm(file.path);
      else await rename(file.path, finishedName(file.path));
      await syncDirectory(this.directory);
    } catch (error) {
      if (isGone(error)) return; // another run has finished it
      throw trouble(error, file.path);
    }
  }

  /**
   * Finishes the files of runs that were killed; the torn rest of a batch is cut off. A run that lives nevertheless goes
   * on in another file. None may be in `keep` at this moment.
   *
   * @returns their names
   * @throws ArchiveDamaged when more than the end of a file is broken; nothing of it is cut off
   */
  async takeUp(): Promise<string[]> {
    const names = await readdir(this.directory).catch((error: unknown) => {
      if (isGone(error)) return [];
      throw trouble(error, this.directory);
    });
    const taken = [];
    for (const name of names.sort()) {
      if (!name.startsWith(`${this.prefix}-`) || !name.endsWith(ENDING + PARTIAL)) continue;
      const path = join(this.directory, name);
      try {
        const whole = await lengthOfWholeMembers(path);
        if (await beginsBehind(path, whole)) throw new ArchiveDamaged(path, whole);
        if (whole === 0) await rm(path);
        else {
          await truncate(path, whole);
          await rename(path, finishedName(path));
          taken.push(finishedName(name));
        }
        await syncDirectory(this.directory);
      } catch (error) {
        if (isGone(error)) continue; // its own run, which lives, has finished it at this moment
        throw trouble(error, path);
      }
    }
    return taken;
  }

  /** The file of this run; a new one when a run that took us for dead has finished it. */
  async #open(): Promise<Open> {
    if (this.#file && (await isStillThere(this.#file))) return this.#file;
    await this.#file?.handle.close();
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const name = `${this.prefix}-${time}-${randomBytes(4).toString('hex')}${ENDING}${PARTIAL}`;
    try {
      await makeDirectory(this.directory);
      const path = join(this.directory, name);
      this.#file = { handle: await open(path, 'wx', 0o640), path, size: 0 };
      await syncDirectory(this.directory);
      return this.#file;
    } catch (error) {
      throw trouble(error, this.directory);
    }
  }
}

const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

const finishedName = (path: string): string => path.slice(0, -PARTIAL.length);

async function isStillThere({ handle, path }: Open): Promise<boolean> {
  const [ours, there] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
  return there?.ino === ours.ino && there.dev === ours.dev;
}

async function writeAll(handle: FileHandle, chunk: Buffer, at: number): Promise<void> {
  for (let done = 0; done < chunk.length;)
    done += (await handle.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
}

/** What the system refused; what the lines themselves threw stays as it is. */
const trouble = (error: unknown, path: string): unknown =>
  error instanceof Error && 'syscall' in error && !('address' in error) ? new ArchiveNotWritten(path, error) : error;
