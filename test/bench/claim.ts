/** The claim with a million waiting and a million finished pipelines, beside the same on empty tables. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pressmark } from './contenders/pressmark.js';
import { DaemonProcess } from './daemon-process.js';
import { rounded, type Bench, type Part } from './part.js';
import { claim, type RunStatement } from './product.js';
import { median } from './statistics.js';

const MILLION = 1_000_000;
const JOBS = 20_000;
/** Long enough for plans to be made and kept for empty tables: a poll a second, five polls until a plan is kept. */
const IDLE_MS = 9_000;

/** Pipelines of one job, as enqueue would have made them; finished ones as the runner would have left them. */
const FILL = `
  with pipeline as (
    insert into pipelines (name, description, object_type, object_id, created_by, queue, next_sequence, status, started_at, completed_at, step_started_at, epoch)
    select 'Bench', 'bench ' || i, $4, i, 'bench', 'fast', 10, $3,
      case when $3 = 'success' then now() end, case when $3 = 'success' then now() end, case when $3 = 'success' then now() end, ($3 = 'success')::int
    from generate_series($1::int, $2::int) i
    returning id, object_id
  )
  insert into jobs (pipeline_id, sequence, type, queue, args, status, attempt, max_attempts, timeout, started_at, completed_at)
  select id, 10, 'bench_noop', 'fast', jsonb_build_object('pipeline', object_id, 'job', 1),
    case when $3 = 'success' then 'success' else 'waiting' end, ($3 = 'success')::int, 25, interval '1 min',
    case when $3 = 'success' then now() end, case when $3 = 'success' then now() end
  from pipeline`;

export async function benchClaim(bench: Bench): Promise<Part> {
  const contender = pressmark(bench.width);
  const empty = await bench.server.freshDatabase('bench_empty');
  const full = await bench.server.freshDatabase('bench_full');
  for (const url of [empty, full]) await contender.prepare(url);
  bench.say('claim: filling a database with 1,000,000 waiting and 1,000,000 finished pipelines');
  await fill(full, 'success', 'bench_old', 1, MILLION);
  await fill(full, 'pending', 'bench', 1, MILLION);
  const rates = { empty: [] as number[], full: [] as number[] };
  for (let round = 1; round <= bench.rounds; round++) {
    const next = MILLION + (round - 1) * JOBS;
    await emptied(empty);
    await fill(empty, 'pending', 'bench', 1, JOBS);
    rates.empty.push(await measure(empty, bench.width));
    rates.full.push(await measure(full, bench.width));
    await fill(full, 'pending', 'bench', next + 1, next + JOBS); // what was run is made up for
    bench.say(
      `claim, round ${round}: empty ${rounded(rates.empty.at(-1) ?? NaN)}, full ${rounded(rates.full.at(-1) ?? NaN)} jobs/s`,
    );
  }
  await emptied(empty);
  await fill(empty, 'pending', 'bench', 1, JOBS);
  const plans = { empty: await explainClaim(empty), full: await explainClaim(full) };
  const burst: number[] = [];
  for (let round = 1; round <= bench.rounds; round++) {
    burst.push(await measureBurst(bench));
    bench.say(`claim, round ${round}: burst after idling ${rounded(burst.at(-1) ?? NaN)} jobs/s`);
  }
  const ratio = median(rates.full) / median(rates.empty);
  const rowOf = (tables: 'empty' | 'full', what: string) => ({
    tables: what,
    'jobs/s claimed and finished': rounded(median(rates[tables])),
    'least..most': `${rounded(Math.min(...rates[tables]))}..${rounded(Math.max(...rates[tables]))}`,
    'claim of 100: ms': plans[tables].ms,
    'buffers touched': plans[tables].buffers,
  });
  return {
    title: 'the claim at size',
    rows: [
      rowOf('empty', 'empty but for the 20,000 jobs'),
      rowOf('full', '1,000,000 waiting, 1,000,000 finished'),
      {
        tables: 'empty and vacuumed while the daemon idled, then the 20,000 at once',
        'jobs/s claimed and finished': rounded(median(burst)),
        'least..most': `${rounded(Math.min(...burst))}..${rounded(Math.max(...burst))}`,
        'claim of 100: ms': '',
        'buffers touched': '',
      },
    ],
    aims: [
      {
        aim: 'within 20 % of the rate on empty tables',
        measured: `${rounded((ratio - 1) * 100)} %`,
        met: ratio >= 0.8,
      },
    ],
    notes: [`EXPLAIN (ANALYZE, BUFFERS) of the claim on the full tables:\n${plans.full.text}`],
  };
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return work(client).finally(() => client.end());
}

const fill = (url: string, status: 'pending' | 'success', objects: string, from: number, to: number) =>
  withClient(url, async (client) => {
    for (let i = from; i <= to; i += 50_000) await client.query(FILL, [i, Math.min(i + 49_999, to), status, objects]);
    await client.query('vacuum analyze');
  });

const emptied = (url: string) =>
  withClient(url, (client) => client.query('truncate pipelines, jobs, decisions, job_logs, events, progress, runners'));

/** Jobs per second of a daemon's first 20,000. What it has in hand when it is ended is handed back as an admin would. */
async function measure(url: string, width: number): Promise<number> {
  const contender = pressmark(width);
  const daemon = await DaemonProcess.load(contender.daemon);
  try {
    const began = performance.now();
    daemon.start({
      url,
      load: { kind: 'singles', count: JOBS },
      workMs: 0,
      echo: false,
      options: contender.daemonOptions,
    });
    await daemon.ran(300);
    return (JOBS / (performance.now() - began)) * 1000;
  } finally {
    await daemon.stop();
    await withClient(url, (client) =>
      client.query(`update pipelines set status = 'pending' where status = 'in_process'`),
    );
  }
}

/** Jobs per second of a daemon that waited on empty tables: statements that were planned for those must serve full ones. */
async function measureBurst({ server, width }: Bench): Promise<number> {
  const contender = pressmark(width);
  const url = await server.freshDatabase('bench');
  await contender.prepare(url);
  await withClient(url, (client) => client.query('vacuum analyze'));
  const daemon = await DaemonProcess.load(contender.daemon);
  try {
    const load = { kind: 'singles', count: JOBS } as const;
    daemon.start({ url, load, workMs: 0, echo: false, options: contender.daemonOptions });
    await sleep(IDLE_MS);
    await contender.enqueue(url, load);
    const began = performance.now();
    await daemon.ran(300);
    return (JOBS / (performance.now() - began)) * 1000;
  } finally {
    await daemon.stop();
  }
}

/** The plan of the very statement that the runner uses; nothing stays claimed. */
async function explainClaim(url: string) {
  return withClient(url, async (client) => {
    let text = '';
    const explain: RunStatement = async (statement, values) => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `explain (analyze, buffers, costs off) ${statement.text}`,
        values,
      );
      text = rows.map((row) => row['QUERY PLAN']).join('\n');
      return [];
    };
    for (let i = 0; i < 3; i++) {
      // the last one finds everything in memory
      await client.query('begin');
      await claim(explain, 1, 'fast', 100);
      await client.query('rollback');
    }
    const ms = Number(/Execution Time: ([\d.]+)/.exec(text)?.[1]);
    const [, hit = '0', read = '0'] = /Buffers: shared hit=(\d+)(?: read=(\d+))?/.exec(text) ?? [];
    return { text, ms, buffers: Number(hit) + Number(read) };
  });
}
