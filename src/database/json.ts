import type { ColumnType } from 'kysely';

/** What a `json` or `jsonb` column holds. A key with the value `undefined` is not stored. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };

/**
 * A `json` or `jsonb` column: read as values, written as `JSON.stringify(value)`. Not written as values: pg would turn
 * an array into a PostgreSQL array (an empty one silently into `{}`) and send a string as if it were JSON already.
 */
export type JsonColumn = ColumnType<Json, string, string>;
