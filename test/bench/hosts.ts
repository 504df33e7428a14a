/** 1, 2 and 4 daemons, each a host of its own, on one database: what more hosts give, and what they cost each other. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pressmark } from './contenders/pressmark.js';
import { DaemonProcess } from './daemon-process.js';
import { jobsOf, type Load } from './daemons/protocol.js';
import { busyCpuSeconds } from './machine.js';
import { rounded, type Bench, type Part } from './part.js';
import { median } from './statistics.js';

interface Work {
  name: string;
  load: Load;
  /** Each job waits a random time up to twice this: for a disk, a site, a program. */
  workMs: number;
  /** Places of each daemon. */
  width: number;
}

const WORKS: Work[] = [
  { name: '20,000 single no-op jobs', load: { kind: 'singles', count: 20_000 }, workMs: 0, width: 1000 },
  { name: '2,000 chains of 10 no-op jobs', load: { kind: 'chains', pipelines: 2_000, depth: 10 }, workMs: 0, width: 1000 },
  { name: '400 chains of 10 jobs that wait 20 ms, 10 places', load: { kind: 'chains', pipelines: 400, depth: 10 }, workMs: 20, width: 10 },
]; // prettier-ignore
const HOSTS = [1, 2, 4];
const LIMIT_S = 180;

interface Measured {
  jobsPerSecond: number;
  runAgain: number;
  serverCpu: number;
  othersPercent: number;
}

export async function benchHosts(bench: Bench): Promise<Part> {
  const rows: Part['rows'] = [];
  const aims: Part['aims'] = [];
  for (const work of WORKS) {
    const rounds = new Map<number, Measured[]>(HOSTS.map((hosts) => [hosts, []]));
    for (let round = 1; round <= bench.rounds; round++)
      for (const [hosts, measured] of rounds) {
        measured.push(await measure(bench, work, hosts));
        bench.say(
          `${work.name}, round ${round}, ${hosts} hosts: ${rounded(measured.at(-1)?.jobsPerSecond ?? NaN)} jobs/s`,
        );
      }
    const of = (hosts: number, pick: (one: Measured) => number) => median((rounds.get(hosts) ?? []).map(pick));
    const ratio = (hosts: number) => of(hosts, (one) => one.jobsPerSecond) / of(1, (one) => one.jobsPerSecond);
    for (const hosts of HOSTS)
      rows.push({
        work: work.name,
        hosts,
        'jobs/s': rounded(of(hosts, (one) => one.jobsPerSecond)),
        'beside 1 host': rounded(ratio(hosts), 2),
        'server CPU µs/job': rounded(of(hosts, (one) => one.serverCpu)),
        'jobs run twice': Math.max(...(rounds.get(hosts) ?? []).map((one) => one.runAgain)),
        'others CPU %': rounded(of(hosts, (one) => one.othersPercent)),
      });
    if (work.workMs > 0)
      aims.push({
        aim: `${work.name}: 4 hosts do at least 3 x what 1 does`,
        measured: `${rounded(ratio(2), 2)} x with 2, ${rounded(ratio(4), 2)} x with 4`,
        met: ratio(4) >= 3,
      });
  }
  return {
    title: '1, 2 and 4 hosts on one database',
    rows,
    aims,
    notes: [
      'All hosts and the server share the cores of this machine: no-op jobs show what hosts cost each other at the database, not what more machines give.',
    ],
  };
}

async function measure({ server }: Bench, work: Work, hosts: number): Promise<Measured> {
  const contender = pressmark(work.width);
  const url = await server.freshDatabase('bench_hosts');
  await contender.prepare(url);
  const names = Array.from({ length: hosts }, (_, i) => `bench-host-${i + 1}`);
  const daemons = await Promise.all(names.map((name) => DaemonProcess.load(contender.daemon, name)));
  const watch = new pg.Client({ connectionString: url });
  watch.on('error', () => undefined); // the database is dropped under it when the round failed
  await watch.connect();
  try {
    const start = { url, echo: false, options: contender.daemonOptions };
    const warmUp: Load = { kind: 'chains', pipelines: 300 * hosts, depth: 10 };
    await contender.enqueue(url, warmUp);
    for (const daemon of daemons) daemon.start({ ...start, load: warmUp, workMs: 0 });
    await untilRecorded(watch, contender.recorded);
    await Promise.all(daemons.map((daemon) => daemon.pause()));
    await contender.enqueue(url, work.load);
    await watch.query('vacuum analyze');
    const [busy, serverCpu] = [busyCpuSeconds(), server.cpuSeconds()];
    const began = performance.now();
    for (const daemon of daemons) daemon.start({ ...start, load: work.load, workMs: work.workMs });
    await untilRecorded(watch, contender.recorded);
    const seconds = (performance.now() - began) / 1000;
    const [busyNow, serverCpuNow] = [busyCpuSeconds() - busy, server.cpuSeconds() - serverCpu];
    const costs = await Promise.all(daemons.map((daemon) => daemon.stop()));
    const { rows } = await watch.query<{ n: number }>('select count(*)::int as n from jobs where attempt <> 1');
    const daemonCpu = costs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    const jobs = jobsOf(work.load);
    return {
      jobsPerSecond: jobs / seconds,
      runAgain: rows[0]?.n ?? NaN,
      serverCpu: (serverCpuNow * 1e6) / jobs,
      othersPercent: (100 * Math.max(0, busyNow - serverCpuNow - daemonCpu)) / seconds,
    };
  } finally {
    for (const daemon of daemons) daemon.kill();
    await watch.end();
  }
}

async function untilRecorded(client: pg.Client, recorded: string): Promise<void> {
  const until = performance.now() + LIMIT_S * 1000;
  while (performance.now() < until) {
    const { rows } = await client.query<{ recorded: boolean }>(recorded);
    if (rows[0]?.recorded) return;
    await sleep(5);
  }
  throw new Error(`the daemons did not end their work within ${LIMIT_S} s`);
}
