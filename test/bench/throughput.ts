/** No-op jobs per second of one daemon: from its start on a full queue until every job's end is in the database. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Contender } from './contenders/contender.js';
import { DaemonProcess } from './daemon-process.js';
import { jobsOf, type Load } from './daemons/protocol.js';
import type { Server } from './server.js';

export interface Throughput {
  jobsPerSecond: number;
  enqueuedPerSecond: number;
  outOfOrder: number;
  overlapping: number;
  /** Bytes of write-ahead log per job, enqueueing not counted. */
  walPerJob: number;
  /** Share of updates that touched no index. */
  hotPercent: number;
  /** CPU time per 1000 jobs: of the daemon's process since it was told to start, of the server. Steadier than the clock on a shared machine. */
  daemonCpuMs: number;
  serverCpuMs: number;
}

/** Measures one round on a database of its own. */
export async function measureThroughput(
  server: Server,
  contender: Contender,
  load: Load,
  { workMs = 0, limitSeconds = 180 } = {},
): Promise<Throughput> {
  const url = await server.freshDatabase('bench');
  await contender.prepare(url);
  const jobs = jobsOf(load);
  const enqueueing = performance.now();
  await contender.enqueue(url, load);
  const enqueuedPerSecond = (jobs / (performance.now() - enqueueing)) * 1000;
  const watch = new pg.Client({ connectionString: url });
  watch.on('error', () => undefined); // the database is dropped under it when the round failed
  await watch.connect();
  await watch.query('vacuum analyze'); // the same footing for all: statistics and visibility as after a minute of life
  const before = await cost(watch);
  const daemon = await DaemonProcess.load(contender.daemon);
  const serverCpu = server.cpuSeconds();
  const began = performance.now();
  daemon.start({ url, load, workMs, echo: false, options: contender.daemonOptions });
  const { outOfOrder, overlapping } = await daemon.ran(limitSeconds);
  await untilRecorded(watch, contender.recorded);
  const ms = performance.now() - began;
  const serverCpuSeconds = server.cpuSeconds() - serverCpu;
  const { cpuSeconds } = await daemon.stop();
  await sleep(1100); // backends report their counters at most once a second
  const after = await cost(watch);
  await watch.end();
  return {
    jobsPerSecond: (jobs / ms) * 1000,
    enqueuedPerSecond,
    outOfOrder,
    overlapping,
    walPerJob: (after.wal - before.wal) / jobs,
    hotPercent: (100 * (after.hot - before.hot)) / Math.max(1, after.updates - before.updates),
    daemonCpuMs: (cpuSeconds * 1e6) / jobs,
    serverCpuMs: (serverCpuSeconds * 1e6) / jobs,
  };
}

async function untilRecorded(client: pg.Client, sql: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ recorded: boolean }>(sql);
    if (rows[0]?.recorded) return;
    await sleep(2);
  }
}

async function cost(client: pg.Client): Promise<{ wal: number; updates: number; hot: number }> {
  const { rows } = await client.query<{ wal: number; updates: number; hot: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal, sum(n_tup_upd)::float8 as updates, sum(n_tup_hot_upd)::float8 as hot
     from pg_stat_user_tables`,
  );
  return rows[0] ?? { wal: NaN, updates: NaN, hot: NaN };
}
