/** What pipelines of ten jobs leave behind once they have run: rows, bytes, write-ahead log; and that claiming does not mind. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pressmark } from './contenders/pressmark.js';
import { DaemonProcess } from './daemon-process.js';
import type { Load } from './daemons/protocol.js';
import { rounded, type Bench, type Part } from './part.js';

const DEPTH = 10;
/** Per round; the rounds go into one database. */
const PIPELINES = 20_000;
const LIMIT_S = 600;

interface Table {
  name: string;
  rows: number;
  table: number;
  indexes: number;
  dead: number;
}

export async function benchGrowth({ server, rounds, width, say }: Bench): Promise<Part> {
  const pipelines = PIPELINES * rounds;
  const contender = pressmark(width);
  const url = await server.freshDatabase('bench_growth');
  await contender.prepare(url);
  const watch = new pg.Client({ connectionString: url });
  watch.on('error', () => undefined); // the query in progress fails, too
  await watch.connect();
  const daemon = await DaemonProcess.load(contender.daemon);
  try {
    const before = await wal(watch);
    const load: Load = { kind: 'chains', pipelines, depth: DEPTH };
    await contender.enqueue(url, load);
    const enqueued = await wal(watch);
    say(`${pipelines} pipelines of ${DEPTH} jobs are enqueued`);
    daemon.start({ url, echo: false, options: contender.daemonOptions, load, workMs: 0 });
    await daemon.ran(LIMIT_S);
    while (!(await recorded(watch, contender.recorded))) await sleep(20);
    const ran = await wal(watch);
    await daemon.stop();
    const vacuums = await autovacuums(watch);
    const worn = await tables(watch);
    await watch.query('vacuum analyze');
    const jobs = pipelines * DEPTH;
    const perJob = (bytes: number) => rounded(bytes / jobs);
    const total = worn.reduce((sum, { table, indexes }) => sum + table + indexes, 0);
    return {
      title: `What ${pipelines} pipelines of ${DEPTH} jobs leave behind`,
      rows: worn
        .filter(({ rows }) => rows > 0)
        .map(({ name, rows, table, indexes, dead }) => ({
          table: name,
          rows,
          'heap B/row': rounded(table / rows),
          'indexes B/row': rounded(indexes / rows),
          'B/pipeline': rounded((table + indexes) / pipelines),
          'dead rows': dead,
          'MB now': rounded((table + indexes) / 1e6),
          'GB at 100 million jobs': rounded(((table + indexes) / jobs) * 0.1, 1),
        })),
      aims: [],
      notes: [
        `Write-ahead log: ${perJob(enqueued - before)} B a job to enqueue, ${perJob(ran - enqueued)} B to run, of jobs with no logs and no events.`,
        `All tables and indexes: ${perJob(total)} B a job. Autovacuum came by ${vacuums} times meanwhile.`,
      ],
    };
  } finally {
    daemon.kill();
    await watch.end();
  }
}

const wal = async (client: pg.Client): Promise<number> => {
  const { rows } = await client.query<{ wal: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as wal`,
  );
  return rows[0]?.wal ?? NaN;
};

const recorded = async (client: pg.Client, sql: string): Promise<boolean> =>
  (await client.query<{ recorded: boolean }>(sql)).rows[0]?.recorded ?? false;

async function tables(client: pg.Client): Promise<Table[]> {
  await sleep(1100); // backends report their counters at most once a second
  const { rows: found } = await client.query<{ name: string }>(
    `select relname as name from pg_stat_user_tables where schemaname = 'public' order by pg_total_relation_size(relid) desc`,
  );
  const all: Table[] = [];
  for (const { name } of found) {
    const { rows } = await client.query<Omit<Table, 'name'>>(
      `select (select count(*) from ${pg.escapeIdentifier(name)})::float8 as rows, pg_table_size(relid)::float8 as table,
         pg_indexes_size(relid)::float8 as indexes, n_dead_tup::float8 as dead
       from pg_stat_user_tables where schemaname = 'public' and relname = $1`,
      [name],
    );
    all.push(...rows.map((row) => ({ name, ...row })));
  }
  return all;
}

async function autovacuums(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    'select sum(autovacuum_count)::float8 as n from pg_stat_user_tables',
  );
  return rows[0]?.n ?? 0;
}
