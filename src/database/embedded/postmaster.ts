/** The running server as its `postmaster.pid` tells it: PostgreSQL's own interlock, which a kill -9 cannot leave locked. */
import { readFile, readlink, realpath, rename, link, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { runServerProgram } from './server-program.js';

export interface Postmaster {
  pid: number;
  socketDirectory: string;
}

/** The live server of a data directory, or `undefined`: never started, stopped, or killed (its file is stale then). */
export async function findPostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const lines = (await readIfThere(join(dataDirectory, 'postmaster.pid')))?.split('\n');
  const pid = Number(lines?.[0]);
  const socketDirectory = lines?.[4]?.trim(); // written a moment after the pid: a server without it is not up yet
  if (!pid || !socketDirectory) return undefined;
  return (await isPostmaster(pid, dataDirectory)) ? { pid, socketDirectory } : undefined;
}

/**
 * Sets aside the lock files of a killed server whose process id now belongs to some other program (after a restart of
 * a container the same small ids come back), and empty ones that the end of a machine left: PostgreSQL fills its file
 * at once after it made it. PostgreSQL itself would refuse to start.
 */
export async function clearStaleLocks(dataDirectory: string, socketDirectory: string): Promise<void> {
  for (const file of [join(dataDirectory, 'postmaster.pid'), join(socketDirectory, '.s.PGSQL.5432.lock')]) {
    const found = await readIfThere(file);
    if (found === undefined || !(await isStale(file, found, dataDirectory))) continue;
    const aside = `${file}.stale-${process.pid}`;
    await rename(file, aside).catch(() => undefined); // another starter was quicker
    // Between reading and renaming a new server may have come up: what was taken from it goes back.
    if ((await readIfThere(aside)) !== found) await link(aside, file).catch(() => undefined);
    await unlink(aside).catch(() => undefined);
  }
}

async function isStale(file: string, content: string, dataDirectory: string): Promise<boolean> {
  if (content === '') return ((await stat(file).catch(() => undefined))?.mtimeMs ?? Infinity) < Date.now() - FILLED_MS;
  const pid = Math.abs(Number(content.split('\n')[0]));
  return pid > 0 && isAlive(pid) && !(await isPostmaster(pid, dataDirectory));
}

/** A lock file that is still empty after this long is not being written by anybody. */
const FILLED_MS = 5000;

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** On Linux a postmaster is known by standing in its data directory; elsewhere by the name of its program. */
async function isPostmaster(pid: number, dataDirectory: string): Promise<boolean> {
  if (process.platform !== 'linux') {
    const { stdout } = await runServerProgram('ps', ['-p', String(pid), '-o', 'comm='], ASK_PS);
    return stdout.includes('postgres');
  }
  const standsIn = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return standsIn !== undefined && standsIn === (await realpath(dataDirectory).catch(() => undefined));
}

const ASK_PS = { account: undefined, timeoutSeconds: 10 };

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
