/** NCA's rows as they were read, in tables of our database that end with the transaction: the order of a dump is not the order in which rows can be written. */
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import type { BadRows } from './bad-rows.js';
import type { ImportWork } from './import-work.js';
import {
  CLOSED_JOB_STATUSES,
  NCA_TABLE_NAMES,
  NCA_TABLES,
  type NcaRows,
  type NcaSource,
  type NcaTable,
  type NcaValue,
} from './tables.js';

/** Rows that are in memory at a time. */
const CHUNK = 5000;

/** How many rows of each table were read, before anything is left out. */
export type RowCounts = Record<NcaTable, number>;

export class Stage {
  readonly read: RowCounts = this.none();

  constructor(
    private readonly trx: Transaction<DB>,
    private readonly bad: BadRows,
  ) {}

  /** No rows of any table. */
  none(): RowCounts {
    return { mocs: 0, titles: 0, users: 0, batches: 0, issues: 0, batches_flagged_issues: 0, actions: 0, pipelines: 0, jobs: 0 }; // prettier-ignore
  }

  /** Copies everything that NCA has. @throws NcaUnreadable */
  async fill(source: NcaSource, { signal, tell }: Pick<ImportWork, 'signal' | 'tell'>): Promise<void> {
    for (const table of NCA_TABLE_NAMES) {
      const columns = NCA_TABLES[table].map((column) => sql`${sql.id(column)} text`);
      await sql`create temporary table ${stageOf(table)} (n bigint generated always as identity primary key, ${sql.join(columns)}) on commit drop`.execute(
        this.trx,
      );
    }
    for await (const { table, rows } of source.read(signal)) {
      this.read[table] += rows.length;
      await this.keep({ table, rows: table === 'jobs' ? rows.filter(isOpenJob) : rows });
      tell(`${Object.values(this.read).reduce((sum, count) => sum + count, 0)} rows read`);
    }
    for (const table of NCA_TABLE_NAMES) await sql`analyze ${stageOf(table)}`.execute(this.trx);
  }

  /** The rows of a table as they came, a few thousand at a time. */
  async *rows(table: NcaTable, signal?: AbortSignal): AsyncGenerator<NcaValue[][]> {
    const columns = sql.join(NCA_TABLES[table].map((column) => sql.ref(column)));
    for (let after = 0; ;) {
      signal?.throwIfAborted();
      const { rows } = await sql<{ n: number; values: NcaValue[] }>`
        select n, array[${columns}] as values from ${stageOf(table)} where n > ${after} order by n limit ${CHUNK}`.execute(
        this.trx,
      );
      const last = rows.at(-1);
      if (!last) return;
      yield rows.map(({ values }) => values);
      after = last.n;
    }
  }

  private async keep({ table, rows }: NcaRows): Promise<void> {
    if (rows.length === 0) return;
    const names = NCA_TABLES[table];
    const columns = names.map((_, index) => rows.map((row) => this.storable(table, row, index)));
    await sql`
      insert into ${stageOf(table)} (${sql.join(names.map((name) => sql.ref(name)))})
      select * from unnest(${sql.join(columns.map((values) => sql`${values}::text[]`))})`.execute(this.trx);
  }

  /** PostgreSQL stores every text but one with the character 0 in it. */
  private storable(table: NcaTable, row: readonly NcaValue[], index: number): NcaValue {
    const value = row[index] ?? null;
    if (value === null || !value.includes('\0')) return value;
    this.bad.add({
      table,
      id: row[0] ?? 'NULL',
      column: NCA_TABLES[table][index] ?? '',
      value,
      reason: 'it holds the character 0',
    });
    return value.replaceAll('\0', '');
  }
}

/** The staged table, for statements of its transaction: all its columns are texts. */
export const stageOf = (table: NcaTable) => sql.table(`nca_${table}`);

const STATUS = NCA_TABLES.jobs.indexOf('status');
const isOpenJob = (row: readonly NcaValue[]) => !CLOSED_JOB_STATUSES.some((status) => status === row[STATUS]);
