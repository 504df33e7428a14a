/** 20,000 no-op jobs: as 20,000 pipelines of one, and as 2,000 pipelines of ten in strict order, beside the peers. */
import type { Contender } from './contenders/contender.js';
import { forChains, forSingles } from './contenders/all.js';
import type { Load } from './daemons/protocol.js';
import { rounded, type Bench, type Part } from './part.js';
import { median } from './statistics.js';
import { measureThroughput, type Throughput } from './throughput.js';

const SINGLES: Load = { kind: 'singles', count: 20_000 };
const CHAINS: Load = { kind: 'chains', pipelines: 2_000, depth: 10 };
/** To see the order kept or not: jobs that take a millisecond, of few pipelines, meet each other where nothing keeps them apart. */
const CHAINS_WITH_WORK: Load = { kind: 'chains', pipelines: 20, depth: 100 };

interface Measured {
  contender: Contender;
  rounds: Throughput[];
}

export async function benchSingles(bench: Bench): Promise<Part> {
  const measured = await inTurns(bench, forSingles(bench.width), SINGLES);
  const [ours = NaN, graphile = NaN] = measured.map(jobsPerSecond);
  return {
    title: '20,000 no-op jobs as 20,000 pipelines of 1',
    rows: measured.map(row),
    aims: [
      {
        aim: "at least level with graphile-worker's local-queue mode",
        measured: `${rounded(ours / graphile, 2)} x`,
        met: ours >= graphile,
      },
    ],
    notes: [],
  };
}

export async function benchChains(bench: Bench): Promise<Part> {
  const contenders = forChains(bench.width);
  const measured = await inTurns(bench, contenders, CHAINS);
  const orders = new Map<Contender, string>();
  for (const contender of contenders) {
    const { outOfOrder, overlapping } = await measureThroughput(bench.server, contender, CHAINS_WITH_WORK, {
      workMs: 1,
    });
    const broken = [
      ...(overlapping > 0 ? [`${overlapping} beside a sibling`] : []),
      ...(outOfOrder > 0 ? [`${outOfOrder} out of order`] : []),
    ];
    orders.set(contender, broken.length > 0 ? broken.join(', ') : 'kept');
  }
  const [ours = NaN, ...peers] = measured.map(jobsPerSecond);
  const strict = measured.filter(({ contender }) => orders.get(contender) === 'kept').map(jobsPerSecond);
  const best = Math.max(...strict.slice(1));
  return {
    title: '20,000 no-op jobs as 2,000 pipelines of 10, in order',
    rows: measured.map((each) => ({ ...row(each), 'order, 20 x 100 jobs of 1 ms': orders.get(each.contender) ?? '' })),
    aims: [
      {
        aim: "at least 2 x the best peer's chain, of those that keep the order",
        measured: `${rounded(ours / best, 2)} x (${rounded(ours / Math.max(...peers), 2)} x the quickest that does not keep it)`,
        met: ours >= 2 * best,
      },
    ],
    notes: [
      'graphile-worker fetches many jobs of one queue into its local queue and runs them side by side; without its local queue it keeps the order, at some 500 jobs/s. Inserted by ranks (all first jobs, then all second ones) siblings are far apart when pipelines are many, and still nothing keeps them apart.',
      'pg-boss 10.4.2 has no strict order (key_strict_fifo came with 12). Its singleton policy keeps siblings apart, its order within one insert is random; two workers deadlock and end the process.',
      '"Handler sends the next job": a plan that only the handlers know, two transactions per job; shown because it is quick.',
    ],
  };
}

/** Every contender once per round, so that a change of the machine's mood meets all. */
async function inTurns(bench: Bench, contenders: Contender[], load: Load): Promise<Measured[]> {
  const measured: Measured[] = contenders.map((contender) => ({ contender, rounds: [] }));
  for (let round = 1; round <= bench.rounds; round++)
    for (const { contender, rounds } of measured) {
      const throughput = await measureThroughput(bench.server, contender, load);
      rounds.push(throughput);
      bench.say(
        `${load.kind}, round ${round}: ${contender.system} (${contender.how}): ${rounded(throughput.jobsPerSecond)} jobs/s`,
      );
    }
  return measured;
}

const jobsPerSecond = ({ rounds }: Measured): number => median(rounds.map((round) => round.jobsPerSecond));

function row({ contender, rounds }: Measured): Record<string, string | number> {
  const of = (pick: (round: Throughput) => number): number => rounded(median(rounds.map(pick)));
  const all = rounds.map((round) => rounded(round.jobsPerSecond));
  return {
    system: contender.system,
    how: contender.how,
    'jobs/s': of((round) => round.jobsPerSecond),
    'least..most': `${Math.min(...all)}..${Math.max(...all)}`,
    'daemon CPU µs/job': of((round) => round.daemonCpu),
    'server CPU µs/job': of((round) => round.serverCpu),
    'WAL B/job': of((round) => round.walPerJob),
    'HOT %': of((round) => round.hotPercent),
    'others CPU %': of((round) => round.othersPercent),
  };
}
