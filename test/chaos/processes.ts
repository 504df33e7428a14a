/** Processes as `/proc` shows them: nothing has to be installed for it. */
import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * What comes before a command line so that the program ends with the process that started it, even when that is killed:
 * no run leaves a server behind. With an account: it runs as that user (a change of user would undo the former).
 */
export function dyingWithUs(signal: 'KILL' | 'INT', account?: { uid: number; gid: number }): readonly string[] {
  const user = account ? [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'] : [];
  return ['setpriv', ...user, '--pdeathsig', signal, '--'];
}

/** The living children of a process. */
export async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(pids.map(parentOf));
  return pids.filter((_, i) => parents[i] === parent);
}

/** The processes whose working directory is this or below it. */
export async function standingIn(directory: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((_, i) => `${places[i] ?? ''}/`.startsWith(`${directory}/`));
}

/** Undefined: it has ended. */
async function parentOf(pid: number): Promise<number | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // the second field is the command in brackets and may hold spaces; after it come the state and the parent (proc(5))
  const [state, parent] = line?.replace(/^.*\) /s, '').split(' ') ?? [];
  return state === undefined || state === 'Z' || state === 'X' ? undefined : Number(parent);
}

/** Sends a signal to processes; those that have ended meanwhile need none. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Whether a process of this machine lives (its leftovers are its own then). */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
