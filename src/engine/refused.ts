import type { Kysely, RawBuilder } from 'kysely';
import type { DB } from '../database/database.js';

/** Somebody's act was refused: no such thing, not in this state, or not by this person. The message says why, the remedy what would do. */
export class Refused extends Error {
  override name = 'Refused';
  constructor(
    readonly reason: 'not found' | 'conflict' | 'forbidden',
    message: string,
    readonly remedy: string | undefined,
  ) {
    super(remedy === undefined ? message : `${message} (${remedy})`);
  }
}

/**
 * Calls one of the SQL functions that the programs share with psql: a row with the new `status`.
 * @throws Refused when the function refused (SQLSTATE PM404, PM409)
 */
export async function callVerb(query: RawBuilder<unknown>, db: Kysely<DB>): Promise<string> {
  try {
    const { rows } = await query.execute(db);
    return (rows[0] as { status: string }).status; // each verb returns one row with the new status
  } catch (error) {
    const { code, message, hint } = error as { code?: string; message: string; hint?: string };
    if (code === 'PM404') throw new Refused('not found', message, hint);
    if (code === 'PM409') throw new Refused('conflict', message, hint);
    throw error;
  }
}
