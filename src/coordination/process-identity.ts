/** Which process this is, so that another one on its host can tell that it is gone: what it ran is rescued at once, what it locked is free. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  host: string;
  pid: number;
  /** `<boot>/<process namespace>/<start of the process>`; empty parts where the system does not tell. */
  bootId: string;
}

const read = (get: () => string): string => {
  try {
    return get().trim();
  } catch {
    return ''; // not Linux
  }
};

/** Start of a process in clock ticks since the boot; '' when there is none (or only what its parent has not waited for) or the system does not tell. */
const startOf = (pid: number): string =>
  read(() => {
    // the second field is the command in brackets and may hold spaces; after it come the state and, as the 20th, the start (proc(5))
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
  });

const machine = (): string =>
  `${read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))}/${read(() => readlinkSync('/proc/self/ns/pid'))}`;

/** The identity of this process. */
export const thisProcess = (): ProcessIdentity => ({
  host: hostname(),
  pid: process.pid,
  bootId: `${machine()}/${startOf(process.pid)}`,
});

/**
 * Whether a process of this host is surely gone. False when in doubt (another container with the same host name): then the lease decides.
 *
 * @param silentSeconds how long ago it last gave a sign of life
 */
export function isGone(other: ProcessIdentity, silentSeconds: number): boolean {
  const self = thisProcess();
  if (other.host !== self.host) return false;
  const [boot = '', namespace = '', start = ''] = other.bootId.split('/');
  const [ownBoot = '', ownNamespace = ''] = self.bootId.split('/');
  if (boot !== ownBoot) return silentSeconds > 15; // the host was rebooted, unless two hosts share a name: a living one has beaten since
  if (namespace !== ownNamespace) return false;
  const signal = signalOf(other.pid);
  if (start === '') return signal === 'ESRCH';
  const now = startOf(other.pid);
  return now === '' ? signal !== 'EPERM' : now !== start; // EPERM: another user's, which /proc does not show (hidepid, ProtectProc=)
}

/** Why a process may not be sent a signal; undefined: it may. */
function signalOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
