import { sql } from 'kysely';
import { defineWatcher } from '../watcher.js';

/** Forgets runners that stopped long ago and have nothing in process, progress that nobody repeated, and locks that nobody asks for: what a crash left. */
export const forgetRunners = defineWatcher({
  name: 'forget_stopped_runners',
  every: '1 h',
  timeout: '5 min',
  async run({ db, log }) {
    const { numAffectedRows } = await sql`
      delete from runners r where coalesce(r.stopped_at, r.heartbeat_at) < now() - interval '7 days'
        and not exists (select from pipelines p where p.runner_id = r.id and p.status = 'in_process')`.execute(db);
    await sql`delete from progress where expires_at < now()`.execute(db);
    await sql`delete from locks where expires_at < now() - interval '1 day'`.execute(db);
    if (numAffectedRows) log.debug(`forgot ${numAffectedRows} runners`);
  },
});

export const engineWatchers = [forgetRunners];
