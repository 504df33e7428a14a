import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';

/**
 * Rows as a relation of a statement: `select id, code from ${recordsOf(rows, 'id bigint, code text')} r`. One parameter,
 * however many rows.
 *
 * @param columns names and types, as PostgreSQL writes them; never from outside
 */
export const recordsOf = (rows: readonly object[], columns: string): RawBuilder<unknown> =>
  sql`rows from (jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as (${sql.raw(columns)})) with ordinality`;

/** Moves the numbers that a table gives its rows beyond those that it was given. */
export async function moveSequenceOn(trx: Transaction<DB>, table: string): Promise<void> {
  await sql`
    select setval(pg_get_serial_sequence(${table}, 'id'),
      greatest((select coalesce(max(id), 0) from ${sql.table(table)}), nextval(pg_get_serial_sequence(${table}, 'id'))))`.execute(
    trx,
  );
}
