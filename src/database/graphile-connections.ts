/**
 * graphile-migrate keeps its connections 200 ms for reuse, and ends the whole process when one of them breaks then.
 * Whoever asked it to work may want to drop the database or stop the server: so its connections carry a name, and we
 * wait until they are gone.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';

/** A name that no other connection has. */
export function graphileName(): string {
  return `pressmark migrate ${randomUUID().slice(0, 8)}`;
}

export function withApplicationName(connectionString: string, applicationName: string): string {
  const joint = connectionString.includes('?') ? '&' : '?';
  return `${connectionString}${joint}application_name=${encodeURIComponent(applicationName)}`;
}

/** Asks over another connection to the same server; gives up after two seconds, for what it guards against is rare. */
export async function untilGraphileClosed(client: pg.Client, applicationName: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const open = await client.query('select from pg_stat_activity where application_name = $1', [applicationName]);
    if (open.rowCount === 0) return;
    await wait(20);
  }
}
