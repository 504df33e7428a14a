/** Faults that mean nothing to an idle daemon wait for work. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosWorld } from './fault.js';

const LOOK_EVERY_MS = 50;
const WITHIN_MS = 6_000;

/** Until a job is being run; not for ever: people may be at their part of the road. */
export function untilWorking(world: ChaosWorld): Promise<boolean> {
  return soon(async () => {
    const working = await world.look(`select from pipelines where status = 'in_process' limit 1`);
    return working !== undefined && working.length > 0;
  });
}

/** Looks until it is so, for some seconds. */
export async function soon(isSo: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + WITHIN_MS;
  while (performance.now() < until) {
    if (await isSo()) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}
