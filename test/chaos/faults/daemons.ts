/** Faults of daemons: killed, told to stop, frozen past their lease, living in another day. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LOCK_EXPIRY_SECONDS } from '../../../src/coordination/leased-locks.js';
import type { Fault } from '../fault.js';
import { childrenOf, signalAll } from '../processes.js';
import { pick } from '../random.js';
import { struck, victimOf, workOf } from './striking.js';

const DAY_MS = 86_400_000;
/** A child is waited for this long: those of small issues live a fraction of a second. */
const CHILD_WITHIN_MS = 8_000;

/** kill -9: nothing is said, nothing put in order. */
export const killDaemon: Fault = {
  name: 'kill-daemon',
  async strike(world, random) {
    const daemon = await victimOf(world, random);
    if (!daemon) return undefined;
    const work = await workOf(world, daemon.host);
    daemon.signal('SIGKILL');
    await daemon.ended();
    return struck(`kill -9 of ${daemon.host} (${work})`);
  },
};

/** SIGTERM while it works: what it runs may end, the rest is handed back. */
export const terminateDaemon: Fault = {
  name: 'terminate-daemon',
  async strike(world, random) {
    const daemon = await victimOf(world, random);
    if (!daemon) return undefined;
    const work = await workOf(world, daemon.host);
    daemon.signal('SIGTERM');
    const isHurried = random() < 0.5;
    if (isHurried) daemon.signal('SIGTERM');
    await daemon.ended();
    return struck(`SIGTERM ${isHurried ? 'twice ' : ''}to ${daemon.host} (${work})`);
  },
};

/** kill -9 of a program that a daemon runs: qpdf, opj_compress, pdftoppm ... */
export const killChild: Fault = {
  name: 'kill-child',
  async strike(world, random) {
    for (const until = performance.now() + CHILD_WITHIN_MS; performance.now() < until;) {
      for (const daemon of world.daemons) {
        const child = pick(random, await childrenOf(daemon.pid() ?? -1));
        if (child === undefined) continue;
        const name = await nameOf(child);
        if (name === '') continue; // it has ended
        signalAll([child], 'SIGKILL');
        return struck(`kill -9 of ${name} of ${daemon.host}`);
      }
    }
    return undefined;
  },
};

/** SIGSTOP: it is silent past its lease, its work is done by others; then SIGCONT, and it believes that no time has passed. */
export const zombie: Fault = {
  name: 'zombie',
  async strike(world, random) {
    const daemon = await victimOf(world, random);
    if (!daemon) return undefined;
    const work = await workOf(world, daemon.host);
    daemon.signal('SIGSTOP');
    const forLocks = random() < 0.3; // then others may work on the very same files
    return {
      what: `SIGSTOP of ${daemon.host} (${work})${forLocks ? ' past its locks, too' : ''}`,
      atLeastSeconds: forLocks ? LOCK_EXPIRY_SECONDS + 2 : world.lease + 1,
      heal: () => {
        daemon.signal('SIGCONT');
        return Promise.resolve();
      },
    };
  },
};

/** One host's clock is a day off. */
export const wrongClock: Fault = {
  name: 'wrong-clock',
  async strike(world, random) {
    const daemon = pick(random, world.daemons);
    if (!daemon) return undefined;
    const file = join(daemon.control, 'clock');
    const offset = random() < 0.5 ? -DAY_MS : DAY_MS;
    await writeFile(file, String(offset));
    return {
      what: `the clock of ${daemon.host} is a day ${offset < 0 ? 'slow' : 'fast'}`,
      atLeastSeconds: 10,
      heal: () => rm(file, { force: true }),
    };
  },
};

async function nameOf(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const [program = ''] = line.split('\0');
  return basename(program);
}
