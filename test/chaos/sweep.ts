/** Takes away what a run left that was killed before it could clean up. */
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweepMounts } from './disk/mount.js';
import { sweepNetworks } from './network/network.js';
import { isAlive } from './processes.js';

/** Each is known by the number of the process that made it. */
export async function sweep(): Promise<void> {
  await sweepNetworks();
  await sweepMounts();
  for (const name of await readdir(tmpdir())) {
    const pid = Number(/^pressmark-chaos-(?:world|postgres)-(\d+)-/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}
