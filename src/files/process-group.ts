/** Process groups of children: ended as a whole, by request and when this process exits. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

const GRACE_MS = 2000;
const KILL_MS = 2000;
const LOOK_AGAIN_MS = 20;

/** Leaders of the groups that run now. */
const running = new Set<number>();

/** Remembers a group so that an orderly exit of this process (also `process.exit` in a hurry) takes it along. */
export function groupStarted(leader: number): void {
  if (running.size === 0) process.on('exit', killAll);
  running.add(leader);
}

export function groupEnded(leader: number): void {
  running.delete(leader);
  if (running.size === 0) process.off('exit', killAll);
}

function killAll(): void {
  for (const leader of running) send(leader, 'SIGKILL');
}

/**
 * Ends a process group: SIGTERM, after two seconds SIGKILL. Returns when no living process of it is left; gives up
 * waiting two seconds after SIGKILL (a process in uninterruptible sleep on a dead mount).
 */
export async function killGroup(leader: number): Promise<void> {
  send(leader, 'SIGTERM');
  if (await gone(leader, GRACE_MS)) return;
  send(leader, 'SIGKILL');
  await gone(leader, KILL_MS);
}

async function gone(leader: number, milliseconds: number): Promise<boolean> {
  const until = performance.now() + milliseconds;
  while (send(leader, 0) && !(await isOnlyZombies(leader))) {
    if (performance.now() > until) return false;
    await pause(LOOK_AGAIN_MS);
  }
  return true;
}

/** False when the group has no process any more. */
function send(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'; // EPERM: it lives, under another user
  }
}

/** In a container whose first process reaps nobody, dead grandchildren stay as zombies: they count as gone. Linux only. */
async function isOnlyZombies(leader: number): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')));
  return !stats.some((stat) => {
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before ")" may hold anything
    return Number(group) === leader && state !== 'Z' && state !== 'X';
  });
}
