/** What faults of processes have in common. */
import type { ChaosDaemon, ChaosWorld, Random, Struck } from '../fault.js';
import { pick } from '../random.js';
import { soon } from '../until-working.js';

/** A daemon that runs a job at this moment, if one does within some seconds; else any that is up. */
export async function victimOf(world: ChaosWorld, random: Random): Promise<ChaosDaemon | undefined> {
  let victim = await working(world, random);
  await soon(async () => {
    victim ??= await working(world, random);
    return victim !== undefined;
  });
  return (
    victim ??
    pick(
      random,
      world.daemons.filter((daemon) => daemon.isUp()),
    )
  );
}

async function working(world: ChaosWorld, random: Random): Promise<ChaosDaemon | undefined> {
  const rows = await world.look<{ host: string }>(
    `select distinct r.host from pipelines p join runners r on r.id = p.runner_id where p.status = 'in_process' order by 1`,
  );
  return pick(
    random,
    world.daemons.filter((daemon) => daemon.isUp() && rows?.some(({ host }) => host === daemon.host)),
  );
}

/** What the host's runner is at, for the report. */
export async function workOf(world: ChaosWorld, host: string): Promise<string> {
  const rows = await world.look<{ type: string }>(
    `select j.type from pipelines p join runners r on r.id = p.runner_id join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
     where p.status = 'in_process' and r.host = $1 and r.stopped_at is null order by 1`,
    [host],
  );
  if (rows === undefined) return 'the database was away';
  return rows.length === 0 ? 'idle' : rows.map(({ type }) => type).join(', ');
}

/** A fault that is over when it has struck: others mend it. */
export const struck = (what: string): Struck => ({ what, heal: () => Promise.resolve() });
