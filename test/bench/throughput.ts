/** One round: no-op jobs of one daemon, from its start on a full queue until every job's end is in the database. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Contender } from './contenders/contender.js';
import { DaemonProcess } from './daemon-process.js';
import { jobsOf, type Load } from './daemons/protocol.js';
import { busyCpuSeconds } from './machine.js';
import type { Server } from './server.js';

export interface Throughput {
  jobsPerSecond: number;
  outOfOrder: number;
  overlapping: number;
  /** Bytes of write-ahead log per job, enqueueing not counted. */
  walPerJob: number;
  /** Share of updates that touched no index. */
  hotPercent: number;
  /** CPU time per job in microseconds: of the daemon, of the server. Steadier than the clock on a shared machine. */
  daemonCpu: number;
  serverCpu: number;
  /** What others took of the machine meanwhile, in percent of one core: a round with much of it says little. */
  othersPercent: number;
}

/** Before it is measured a daemon runs this many jobs of the same kind: a daemon's code is warm. */
const WARM_UP: Load = { kind: 'chains', pipelines: 300, depth: 10 };

/** Measures one round on a database of its own. @param workMs see `Start` */
export async function measureThroughput(
  server: Server,
  contender: Contender,
  load: Load,
  { workMs = 0, limitSeconds = 180 } = {},
): Promise<Throughput> {
  const url = await server.freshDatabase('bench');
  await contender.prepare(url);
  const daemon = await DaemonProcess.load(contender.daemon);
  const watch = new pg.Client({ connectionString: url });
  watch.on('error', () => undefined); // the database is dropped under it when the round failed
  await watch.connect();
  try {
    const start = { url, echo: false, options: contender.daemonOptions };
    const warmUp: Load = load.kind === 'singles' ? { kind: 'singles', count: jobsOf(WARM_UP) } : WARM_UP;
    await contender.enqueue(url, warmUp);
    daemon.start({ ...start, load: warmUp, workMs: 0 });
    await daemon.ran(limitSeconds);
    await untilRecorded(watch, contender.recorded);
    await daemon.pause();

    await contender.enqueue(url, load);
    await watch.query('vacuum analyze'); // the same footing for all: statistics and visibility as after a minute of life
    const before = await cost(watch, server);
    const began = performance.now();
    daemon.start({ ...start, load, workMs });
    const { outOfOrder, overlapping } = await daemon.ran(limitSeconds);
    await untilRecorded(watch, contender.recorded);
    const seconds = (performance.now() - began) / 1000;
    const busy = busyCpuSeconds() - before.busy;
    const serverCpuSeconds = server.cpuSeconds() - before.cpuSeconds;
    const { cpuSeconds } = await daemon.stop();
    await sleep(1100); // backends report their counters at most once a second
    const after = await cost(watch, server);
    const jobs = jobsOf(load);
    return {
      jobsPerSecond: jobs / seconds,
      outOfOrder,
      overlapping,
      walPerJob: (after.wal - before.wal) / jobs,
      hotPercent: (100 * (after.hot - before.hot)) / Math.max(1, after.updates - before.updates),
      daemonCpu: (cpuSeconds * 1e6) / jobs,
      serverCpu: (serverCpuSeconds * 1e6) / jobs,
      othersPercent: (100 * Math.max(0, busy - serverCpuSeconds - cpuSeconds)) / seconds,
    };
  } finally {
    daemon.kill();
    await watch.end();
  }
}

async function untilRecorded(client: pg.Client, sql: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ recorded: boolean }>(sql);
    if (rows[0]?.recorded) return;
    await sleep(2);
  }
}

async function cost(client: pg.Client, server: Server) {
  const { rows } = await client.query<{ wal: number; updates: number; hot: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal, sum(n_tup_upd)::float8 as updates, sum(n_tup_hot_upd)::float8 as hot
     from pg_stat_user_tables`,
  );
  const [row = { wal: NaN, updates: NaN, hot: NaN }] = rows;
  return { ...row, cpuSeconds: server.cpuSeconds(), busy: busyCpuSeconds() };
}
