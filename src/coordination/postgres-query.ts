import type pg from 'pg';

/** Locks and progress touch a few rows: a server that takes longer is as good as away. */
const ANSWER_WITHIN_MS = 5_000;

/** Asks a pool, which fails when there is no answer soon. */
export function quickQuery<Row extends pg.QueryResultRow>(pool: pg.Pool, text: string, values: unknown[]) {
  const asked = { text, values, query_timeout: ANSWER_WITHIN_MS }; // pg knows query_timeout, its types do not
  return pool.query<Row>(asked);
}
