/** The hot path's SQL: written as SQL, prepared once per connection, run on the pool or inside a transaction. */
import { CompiledQuery, type Transaction } from 'kysely';
import type pg from 'pg';
import type { DB } from '../../database/database.js';

/** One statement and the shape of the rows it returns. */
export interface Statement<Row> {
  name: string;
  text: string;
  /** Never set: carries the type of a row. */
  row?: Row;
}

/** Where a statement runs. */
export type Run = <Row>(statement: Statement<Row>, values: unknown[]) => Promise<Row[]>;

/**
 * Runs on any connection of the pool, as a prepared statement; unprepared where a pooler in transaction mode gives each statement
 * another session, in which it is not prepared, or is already: that is noticed by itself, before the statement has done anything.
 */
export const onPool =
  (pool: pg.Pool): Run =>
  async <Row>({ name, text }: Statement<Row>, values: unknown[]) => {
    if (!sharingSessions.has(pool)) {
      try {
        return (await pool.query({ name, text, values })).rows as Row[];
      } catch (error) {
        if (!isOfAnotherSession(error)) throw error;
        sharingSessions.add(pool);
      }
    }
    return (await pool.query({ text, values })).rows as Row[];
  };

/** Pools whose connections are not sessions. */
const sharingSessions = new WeakSet<pg.Pool>();

/** duplicate_prepared_statement, invalid_sql_statement_name */
const isOfAnotherSession = (error: unknown): boolean =>
  ['42P05', '26000'].includes((error as { code?: string }).code ?? '');

/** Runs as a part of a transaction. */
export const inTransaction =
  (trx: Transaction<DB>): Run =>
  async <Row>(statement: Statement<Row>, values: unknown[]) =>
    (await trx.executeQuery<Row>(CompiledQuery.raw(statement.text, values))).rows;
