/** What every runner does for all: makes due what is due, rescues the work of dead runners. Safe to be done by all at once. */
import type pg from 'pg';
import { onPool, type Statement } from '../statements/statement.js';
import { isGone, thisProcess } from '../../coordination/process-identity.js';

const MAKE_DUE: Statement<{ n: number }> = { name: 'pressmark_make_due', text: 'select make_due() as n' };

/** Makes pending what has become due. Returns how many pipelines. */
export async function makeDue(pool: pg.Pool): Promise<number> {
  const rows = await onPool(pool)(MAKE_DUE, []);
  return rows[0]?.n ?? 0;
}

/** Gives back the work of runners whose lease ran out, and at once that of this host's runners whose process is gone. Returns how many pipelines. */
export async function rescue(pool: pg.Pool, leaseSeconds: number, alsoOfThisHost: boolean): Promise<number> {
  const gone = alsoOfThisHost ? await goneRunnersOfThisHost(pool) : [];
  const { rows } = await pool.query<{ n: number }>(
    `select rescue_pipelines($1::float8 * interval '1 second', $2) as n`,
    [leaseSeconds, gone],
  );
  if (gone.length > 0)
    await pool.query('update runners set stopped_at = now() where id = any ($1) and stopped_at is null', [gone]);
  return rows[0]?.n ?? 0;
}

async function goneRunnersOfThisHost(pool: pg.Pool): Promise<number[]> {
  const { rows } = await pool.query<{ id: number; host: string; pid: number; boot_id: string; silent: number }>(
    `select id, host, pid, boot_id, extract(epoch from now() - heartbeat_at)::float8 as silent from runners where host = $1 and stopped_at is null`,
    [thisProcess().host],
  );
  return rows.filter((r) => isGone({ host: r.host, pid: r.pid, bootId: r.boot_id }, r.silent)).map((r) => r.id);
}
