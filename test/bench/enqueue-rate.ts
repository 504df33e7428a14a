/** How quickly pipelines of ten get in. */
import { forChains } from './contenders/all.js';
import type { Load } from './daemons/protocol.js';
import { rounded, type Bench, type Part } from './part.js';
import { median } from './statistics.js';

const LOAD: Load = { kind: 'chains', pipelines: 2_000, depth: 10 };

export async function benchEnqueue(bench: Bench): Promise<Part> {
  const measured = forChains(bench.width)
    .filter(({ daemonOptions }) => !daemonOptions.handlerSendsNext) // those enqueue first jobs only
    .map((contender) => ({ contender, rates: [] as number[] }));
  const warm = await bench.server.freshDatabase('bench_warm');
  for (const { contender } of measured) {
    await contender.prepare(warm);
    await contender.enqueue(warm, { kind: 'chains', pipelines: 100, depth: 10 }).catch(() => undefined); // of two with the same tables the second may be refused
  }
  for (let round = 1; round <= bench.rounds; round++)
    for (const { contender, rates } of measured) {
      const url = await bench.server.freshDatabase('bench');
      await contender.prepare(url);
      const began = performance.now();
      await contender.enqueue(url, LOAD);
      rates.push((20_000 / (performance.now() - began)) * 1000);
      bench.say(`enqueue, round ${round}: ${contender.system}: ${rounded(rates.at(-1) ?? NaN)} jobs/s`);
    }
  return {
    title: 'enqueueing 2,000 pipelines of 10',
    rows: measured.map(({ contender, rates }) => ({
      system: contender.system,
      how: contender.how,
      'jobs/s': rounded(median(rates)),
      'least..most': `${rounded(Math.min(...rates))}..${rounded(Math.max(...rates))}`,
    })),
    aims: [],
    notes: ['Each by its own bulk call, connecting included. Ours: one transaction, all 2,000 or none.'],
  };
}
