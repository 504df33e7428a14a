/** `npm run bench`: the figures of the engine and of the newspapers' derivatives, beside others', on this machine, now. */
import { parseArgs } from 'node:util';
import { benchClaim } from './claim.js';
import { benchChains, benchSingles } from './engine.js';
import { benchEnqueue } from './enqueue-rate.js';
import { benchLatency } from './latency.js';
import { machineFacts } from './machine.js';
import type { Bench, Part } from './part.js';
import { partText } from './report.js';
import { startServer } from './server.js';

const HELP = `npm run bench [-- OPTIONS]

Measures beside graphile-worker and pg-boss, on one private PostgreSQL (fsync on), in turns; tells medians.

  --only PARTS   comma-separated, from: engine (singles,chains), latency, enqueue, claim, growth, hosts, derivatives, dpi-check,
                 event-loop, batch, queue-batches
  --rounds N     rounds of each (5)
  --width N      places of our wide lane (1000)
  --json         everything as JSON on stdout
`;

type MakePart = (bench: Bench) => Promise<Part>;

const PARTS: Record<string, MakePart> = {
  singles: benchSingles,
  chains: benchChains,
  latency: benchLatency,
  enqueue: benchEnqueue,
  claim: benchClaim,
  growth: async (bench) => (await import('./growth.js')).benchGrowth(bench),
  hosts: async (bench) => (await import('./hosts.js')).benchHosts(bench),
  derivatives: async (bench) => (await import('./derivatives-part.js')).benchDerivativesPart(bench),
  'dpi-check': async (bench) => (await import('./dpi-check.js')).benchDpiCheck(bench),
  'event-loop': async (bench) => (await import('./event-loop.js')).benchEventLoop(bench),
  batch: async (bench) => (await import('./batch.js')).benchBatch(bench),
  'queue-batches': async (bench) => (await import('./queue-batches.js')).benchQueueBatches(bench),
};
const GROUPS: Record<string, string[]> = { engine: ['singles', 'chains'] };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: Object.keys(PARTS).join(',') },
      rounds: { type: 'string', default: '5' },
      width: { type: 'string', default: '1000' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const names = values.only.split(',').flatMap((name) => GROUPS[name] ?? [name]);
  const unknown = names.filter((name) => PARTS[name] === undefined);
  const numbers = [values.rounds, values.width].map(Number);
  if (unknown.length > 0 || numbers.some((number) => !Number.isSafeInteger(number) || number < 1)) {
    process.stderr.write(unknown.length > 0 ? `There is no part ${unknown.join(', ')}\n\n${HELP}` : HELP);
    process.exitCode = 2;
    return;
  }
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const facts = machineFacts();
  const server = await startServer();
  const stopped = (signal: NodeJS.Signals) => {
    say(`${signal}: stopping the server`);
    void server.stop().finally(() => process.exit(1));
  };
  process.once('SIGINT', stopped).once('SIGTERM', stopped);
  try {
    const all = { ...facts, postgresql: await server.facts() };
    const bench: Bench = { server, rounds: Number(values.rounds), width: Number(values.width), say };
    if (!values.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    const parts: Record<string, Part> = {};
    for (const name of names) {
      const make = PARTS[name];
      if (!make) continue;
      const part = await make(bench);
      parts[name] = part;
      if (!values.json) process.stdout.write(partText(part));
    }
    if (values.json) process.stdout.write(`${JSON.stringify({ ...all, rounds: bench.rounds, parts }, null, 2)}\n`);
  } finally {
    await server.stop();
  }
}

await main();
