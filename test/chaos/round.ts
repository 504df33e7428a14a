/** A round: a world of its own, the road walked while faults strike, and what came of it beside an undisturbed walk. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Conductor, type Planned, type Strike } from './conductor.js';
import { differences, outcomeOf, violationsOf, type Outcome } from './outcome.js';
import { emptyDiary, walk, type Diary } from './people.js';
import { deliver, queueAll, type RoadOptions } from './road.js';
import { OwnWorld } from './world.js';

/** Nobody waits for the minutes that a job waits before it is tried again: an administrator makes it now, once what was broken is mended. */
const IMPATIENCE_MS = 2_000;
const DAEMONS_WITHIN_MS = 120_000;

export interface RoundOptions {
  seed: string;
  hosts: readonly string[];
  isWhole: boolean;
  lease: number;
  road: RoadOptions;
  log: (text: string) => void;
}

/** What became of a strike. */
export interface Recovery extends Strike {
  /** Pipelines that were taken over from a dead or silent runner, from the strike to the next. */
  rescued: number;
  /** From healing to the first job that was finished, in seconds; undefined: none was left to be done. */
  workedAgainAfter: number | undefined;
}

export interface RoundResult {
  seed: string;
  seconds: number;
  strikes: Recovery[];
  missed: string[];
  diary: Diary;
  /** Runs of jobs beyond the first, and the runners that lived. */
  runsAgain: number;
  rescues: number;
  jobs: number;
  runners: number;
  /** Empty: all is well. */
  problems: string[];
  /** Where the files of a round with problems are kept. */
  kept: string | undefined;
}

/** Walks the road undisturbed. @throws Error when that alone goes wrong */
export async function undisturbed(options: RoundOptions): Promise<Outcome> {
  const world = await OwnWorld.make(options);
  try {
    const diary = emptyDiary();
    await walkAll(world, options.road, diary, () => true);
    const problems = [
      ...diary.findings,
      ...diary.failed,
      ...diary.spent,
      ...(await endOf(world)),
      ...(await violationsOf(world)),
    ];
    if (problems.length > 0) throw new Error(`the undisturbed walk went wrong: ${problems.join('\n')}`);
    return await outcomeOf(world);
  } finally {
    await world.drop();
  }
}

/** Walks it while faults strike, and compares. */
export async function round(options: RoundOptions, plan: readonly Planned[], expected: Outcome): Promise<RoundResult> {
  const began = performance.now();
  const world = await OwnWorld.make(options);
  const diary = emptyDiary();
  const conductor = new Conductor(world);
  let kept: string | undefined;
  try {
    let played = Promise.resolve();
    const begin = () => (played = conductor.play(plan));
    await walkAll(world, options.road, diary, () => conductor.isCalm(), begin).catch((error: unknown) =>
      diary.findings.push(String(error)),
    );
    conductor.end();
    await played;
    const problems = [...diary.findings, ...diary.failed, ...(await endOf(world)), ...(await violationsOf(world))];
    problems.push(...differences(expected, await outcomeOf(world)));
    if (problems.length > 0) kept = await world.keep();
    return {
      ...{ seed: options.seed, seconds: (performance.now() - began) / 1000, missed: conductor.missed, diary },
      strikes: await recoveries(world, conductor.strikes),
      ...(await totals(world)),
      ...{ problems, kept },
    };
  } finally {
    conductor.end();
    await world.drop();
  }
}

/** @param begin is called when all daemons are at work */
async function walkAll(
  world: OwnWorld,
  road: RoadOptions,
  diary: Diary,
  isCalm: () => boolean,
  begin: () => unknown = () => undefined,
): Promise<void> {
  const tracks = await deliver(world, road);
  for (const daemon of world.daemons) daemon.start();
  const latest = performance.now() + DAEMONS_WITHIN_MS;
  while (((await world.look('select from runners')) ?? []).length < world.daemons.length) {
    if (performance.now() > latest) throw new Error(`no daemon takes work; see ${world.root}/logs`);
    await sleep(100);
  }
  begin();
  const arrived = new AbortController();
  const impatient = hurry(world, isCalm, arrived.signal);
  try {
    await queueAll(world, tracks);
    // whoever removes the dead removes whatever has failed: not before all others have arrived
    await Promise.all(tracks.map((track) => walk(world, { ...track, dead: undefined }, diary, isCalm)));
    await Promise.all(tracks.map((track) => walk(world, track, diary, isCalm)));
  } finally {
    arrived.abort();
    await impatient;
  }
}

async function hurry(world: OwnWorld, isCalm: () => boolean, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    if (isCalm()) await world.look(`update pipelines set run_at = now() where status = 'delayed' and run_at > now()`);
    await sleep(IMPATIENCE_MS, undefined, { signal: until }).catch(() => undefined);
  }
}

/** Ends the daemons as systemd does. @returns those that ended when nobody had asked them to, or did not when they were */
async function endOf(world: OwnWorld): Promise<string[]> {
  await Promise.all(world.daemons.map((daemon) => daemon.stop()));
  return world.daemons.flatMap(({ unasked }) => unasked);
}

async function recoveries(world: OwnWorld, strikes: readonly Strike[]): Promise<Recovery[]> {
  const told: Recovery[] = [];
  const inOrder = [...strikes].sort((a, b) => a.struckAt - b.struckAt);
  for (const [at, strike] of inOrder.entries()) {
    const rows = await world.look<{ rescued: number; seconds: number | null }>(
      `select (select count(*)::int from events where kind in ('rescued', 'rescue_limit') and at >= to_timestamp($1) and at < to_timestamp($3)) as rescued,
         (select extract(epoch from min(completed_at))::float8 - $2::float8 from jobs where completed_at > to_timestamp($2::float8)) as seconds`,
      [strike.struckAt / 1000, strike.healedAt / 1000, (inOrder[at + 1]?.struckAt ?? Infinity) / 1000],
    );
    told.push({ ...strike, rescued: rows?.[0]?.rescued ?? 0, workedAgainAfter: rows?.[0]?.seconds ?? undefined });
  }
  return told;
}

type Totals = Pick<RoundResult, 'runsAgain' | 'rescues' | 'jobs' | 'runners'>;

async function totals(world: OwnWorld): Promise<Totals> {
  const rows = await world.look<Totals>(
    `select (select sum(greatest(attempt - 1, 0))::int from jobs) as "runsAgain", (select count(*)::int from jobs) as jobs,
       (select count(*)::int from events where kind in ('rescued', 'rescue_limit')) as rescues, (select count(*)::int from runners) as runners`,
  );
  return rows?.[0] ?? { runsAgain: 0, rescues: 0, jobs: 0, runners: 0 };
}
