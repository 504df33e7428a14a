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

/** Runs on any connection of the pool, as a prepared statement. */
export const onPool =
  (pool: pg.Pool): Run =>
  async <Row>(statement: Statement<Row>, values: unknown[]) =>
    (await pool.query({ name: statement.name, text: statement.text, values })).rows as Row[];

/** Runs as a part of a transaction. */
export const inTransaction =
  (trx: Transaction<DB>): Run =>
  async <Row>(statement: Statement<Row>, values: unknown[]) =>
    (await trx.executeQuery<Row>(CompiledQuery.raw(statement.text, values))).rows;
