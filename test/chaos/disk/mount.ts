/** A file system of its own for the areas of a world, which can be full: in memory, so that nothing is left of it. */
import { execFile } from 'node:child_process';
import type { StatsFs } from 'node:fs';
import { readFile, realpath, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { mayMount } from '../../support/may-mount.js';
import { isAlive } from '../processes.js';

const run = promisify(execFile);
const SOURCE = /^pressmark-chaos-(\d+)-(\d+)m$/;
const INODES = 1_000_000;

/**
 * Mounts one on an empty directory.
 *
 * @returns undefined where mounting is not allowed
 */
export async function mountAreas(
  directory: string,
  megabytes: number,
): Promise<{ unmount(): Promise<void> } | undefined> {
  if (!mayMount) return undefined;
  const options = `size=${megabytes}m,nr_inodes=${INODES},mode=0755`;
  await mount('-t', 'tmpfs', '-o', options, `pressmark-chaos-${process.pid}-${megabytes}m`, directory);
  return { unmount: () => unmount(directory) };
}

/** Unmounts what runs that were killed have left. */
export async function sweepMounts(): Promise<void> {
  for (const { owner, directory } of await chaosMounts())
    if (!isAlive(owner)) await unmount(directory).catch(() => undefined); // another run sweeps, too
}

/** A file system of `mountAreas`, to be filled and freed. */
export class SmallDisk {
  private constructor(
    private readonly directory: string,
    private readonly megabytes: number,
  ) {}

  /** The one that is mounted on this very directory; undefined: none is. */
  static async on(directory: string): Promise<SmallDisk | undefined> {
    const real = await realpath(directory);
    const found = (await chaosMounts()).find((one) => one.directory === real);
    return found && new SmallDisk(real, found.megabytes);
  }

  /** Leaves only this many kilobytes: what is written beyond finds no space. What is there stays. */
  async fill(leftKilobytes: number): Promise<void> {
    await this.shrink(({ blocks, bfree, bsize }) => `size=${((blocks - bfree) * bsize) / 1024 + leftKilobytes}k`);
  }

  /** Leaves room for data, but for no new file or directory beyond this many. */
  async takeInodes(left: number): Promise<void> {
    await this.shrink(({ files, ffree }) => `nr_inodes=${files - ffree + left}`);
  }

  /** As large as it was made. */
  free(): Promise<void> {
    return mount('-o', `remount,size=${this.megabytes}m,nr_inodes=${INODES}`, this.directory);
  }

  /** It cannot become smaller than what it holds, which grows while somebody writes: then once more. */
  private async shrink(option: (now: StatsFs) => string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await mount('-o', `remount,${option(await statfs(this.directory))}`, this.directory);
        return;
      } catch (error) {
        if (tries === 20) throw error;
      }
    }
  }
}

async function chaosMounts(): Promise<{ owner: number; megabytes: number; directory: string }[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  return lines.flatMap((line) => {
    const [source = '', directory = ''] = line.split(' ');
    const [, owner, megabytes] = SOURCE.exec(source) ?? [];
    return owner === undefined ? [] : [{ owner: Number(owner), megabytes: Number(megabytes), directory }];
  });
}

async function mount(...args: readonly string[]): Promise<void> {
  await run('mount', args, { timeout: 20_000 });
}

/** Lazily: what still stands in it keeps it until it ends. */
async function unmount(directory: string): Promise<void> {
  await run('umount', ['--lazy', directory], { timeout: 20_000 });
}
