/** Strikes faults while a road is walked: which, when and for how long comes from the seed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosWorld, Fault, Random } from './fault.js';
import { between, randomOf } from './random.js';

/** A strike to be. */
export interface Planned {
  fault: Fault;
  /** Of what its strike leaves to chance. */
  seed: string;
  /** After the fault before it was healed, or, for `together`, had struck. */
  afterMs: number;
  lastsMs: number;
  together: boolean;
  /** Times that there was nothing to strike. */
  missed: number;
}

/** So often a fault is put off that finds nothing to strike. */
const MISSES = 5;

/** A strike that was. */
export interface Strike {
  fault: string;
  what: string;
  /** Milliseconds since the epoch, on the clock that the database has, too. */
  struckAt: number;
  healedAt: number;
}

/** The faults in an order of the seed, from the beginning again when there are fewer than strikes. */
export function planOf(seed: string, faults: readonly Fault[], strikes: number): Planned[] {
  const random = randomOf(`plan ${seed}`);
  const plan: Planned[] = [];
  while (plan.length < strikes && faults.length > 0)
    for (const fault of shuffled(random, faults))
      if (plan.length < strikes)
        plan.push({
          fault,
          seed: `${seed}:${plan.length}`,
          afterMs: between(random, 500, 4_000),
          lastsMs: between(random, 1_000, 6_000),
          together: plan.length > 0 && random() < 0.2,
          missed: 0,
        });
  return plan;
}

export class Conductor {
  readonly strikes: Strike[] = [];
  /** Strikes that found nothing to strike. */
  readonly missed: string[] = [];
  private readonly ended = new AbortController();
  private standing = 0;

  constructor(private readonly world: ChaosWorld) {}

  /** Whether nothing is broken at this moment. */
  isCalm(): boolean {
    return this.standing === 0;
  }

  /** Resolves when every fault of the plan has struck, or `end` was called, and all are healed. */
  async play(plan: readonly Planned[]): Promise<void> {
    const all: Promise<void>[] = [];
    let hasStruck = Promise.resolve();
    let isHealed = Promise.resolve();
    const toBe = [...plan];
    for (let planned = toBe.shift(); planned; planned = toBe.shift()) {
      await (planned.together ? hasStruck : isHealed);
      await this.pause(planned.afterMs);
      if (this.ended.signal.aborted) break;
      let tellStruck: () => void = () => undefined;
      hasStruck = new Promise((resolve) => (tellStruck = resolve));
      const again = { ...planned, missed: planned.missed + 1 };
      const strike = this.stand(planned, tellStruck).then((hasStruck) => {
        if (!hasStruck && again.missed <= MISSES) toBe.push(again); // later there may be something
      });
      isHealed = Promise.all([isHealed, strike]).then(() => undefined);
      all.push(isHealed);
    }
    await Promise.all(all);
  }

  /** No further strike; what stands is healed at once. */
  end(): void {
    this.ended.abort();
  }

  /** @returns whether there was something to strike */
  private async stand({ fault, seed, lastsMs }: Planned, tellStruck: () => void): Promise<boolean> {
    this.standing++;
    try {
      const struck = await fault.strike(this.world, randomOf(seed));
      tellStruck();
      if (!struck) {
        this.missed.push(fault.name);
        this.world.log(`${fault.name}: nothing to strike`);
        return false;
      }
      const struckAt = Date.now();
      this.world.log(struck.what);
      await this.pause(Math.max(lastsMs, (struck.atLeastSeconds ?? 0) * 1000));
      await struck.heal();
      const healedAt = Date.now();
      this.world.log(`healed: ${struck.what}`);
      this.strikes.push({ fault: fault.name, what: struck.what, struckAt, healedAt });
      return true;
    } finally {
      tellStruck();
      this.standing--;
    }
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.ended.signal }).catch(() => undefined);
  }
}

function shuffled<T>(random: Random, things: readonly T[]): T[] {
  return things
    .map((thing) => ({ thing, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ thing }) => thing);
}
