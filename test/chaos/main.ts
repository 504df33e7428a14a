/** `npm run chaos`: the road from upload to archive while everything around it breaks, beside an undisturbed walk. */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { planOf } from './conductor.js';
import type { Fault } from './fault.js';
import { allFaults } from './faults/faults.js';
import { roundText, sumText } from './report.js';
import { round, undisturbed, type RoundOptions, type RoundResult } from './round.js';
import { sweep } from './sweep.js';
import { OwnWorld } from './world.js';

const REAL = '../shared/data/newspapers';

const HELP = `npm run chaos [-- OPTIONS]

Walks newspaper issues from upload to archive with several daemons, while faults strike from a seed; compares files (SHA-256),
rows and loads with an undisturbed walk. Exit code 1 when anything differs, is lost, stuck or doubled.

  --rounds N      rounds (1)
  --seed S        which faults, when, on whom; printed when not told. Round K of several has the seed S.K
  --strikes N     faults in a round, at most: it ends with the road (30)
  --only FAULTS   comma-separated: ${allFaults.map(({ name }) => name).join(', ')}
  --hosts N       daemons, each a host of its own (3)
  --tracks N      organisations with two issues each (2)
  --from DIR      and real issues: born-digital/, scans/, marc/ (${REAL})
  --short         flagged issues need not come into a batch of their own
  --json          the report as JSON on stdout
`;

/** @returns the exit code */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      strikes: { type: 'string', default: '30' },
      only: { type: 'string', default: '' },
      hosts: { type: 'string', default: '3' },
      tracks: { type: 'string', default: '2' },
      from: { type: 'string' },
      short: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const [rounds = 1, strikes = 30, hosts = 3, tracks = 2] = [values.rounds, values.strikes, values.hosts, values.tracks].map(Number); // prettier-ignore
  const names = values.only.split(',').filter(Boolean);
  const unknown = names.filter((name) => !allFaults.some((fault) => fault.name === name));
  if (values.help || unknown.length > 0 || ![rounds, strikes, hosts, tracks].every(Number.isSafeInteger)) {
    say(unknown.length > 0 ? `There is no fault ${unknown.join(', ')}\n\n${HELP}` : HELP);
    return values.help ? 0 : 2;
  }
  if (values.from !== undefined && !existsSync(values.from)) {
    say(`There is no directory ${values.from}`);
    return 2;
  }
  await sweep();
  const { possible, impossible } = await chosen(names);
  const began = performance.now();
  const log = (text: string) => say(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} ${text}`);
  const options = (seed: string): RoundOptions => ({
    ...{ seed, isWhole: true, lease: 6, log },
    hosts: Array.from({ length: hosts }, (_, at) => `chaos-host-${at + 1}`),
    road: { tracks, isLong: !values.short, from: values.from },
  });
  log('the undisturbed walk');
  const expected = await undisturbed(options('undisturbed'));
  const results: RoundResult[] = [];
  for (let at = 1; at <= rounds; at++) {
    const seed = rounds === 1 ? values.seed : `${values.seed}.${at}`;
    log(`round ${at} of ${rounds}: again by --rounds 1 --seed ${seed}`);
    const result = await round(options(seed), planOf(seed, possible, strikes), expected);
    results.push(result);
    if (!values.json) process.stdout.write(`${roundText(result)}\n`);
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ impossible, rounds: results }, null, 2)}\n`);
  else process.stdout.write(sumText(results, impossible));
  return results.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

async function chosen(names: readonly string[]): Promise<{ possible: Fault[]; impossible: string[] }> {
  const possible: Fault[] = [];
  const impossible: string[] = [];
  for (const fault of allFaults.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const reason = await fault.impossible?.();
    if (reason === undefined) possible.push(fault);
    else impossible.push(`${fault.name}: ${reason}`);
  }
  return { possible, impossible };
}

const interrupted = (signal: NodeJS.Signals) => {
  process.stderr.write(`${signal}: taking the world down\n`);
  void OwnWorld.dropAll().finally(() => process.exit(1));
};
process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
process.exitCode = await main();
