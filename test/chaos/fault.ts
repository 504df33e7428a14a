/** What a fault is, and the world that it strikes: programs, services and hosts that are really there. */

/** From 0 to 1, from the seed: the same seed, the same plan. */
export type Random = () => number;

export interface Fault {
  /** As `--only` names it, e.g. `kill-daemon`. */
  name: string;
  /** Why this machine cannot have it (no root, no such program); undefined when it can. */
  impossible?(): Promise<string | undefined>;
  /** Breaks something, now. Undefined: there is nothing to strike in this world at this moment. */
  strike(world: ChaosWorld, random: Random): Promise<Struck | undefined>;
}

export interface Struck {
  /** What was done to whom, for the report. */
  what: string;
  /** It must stand for so many seconds to mean anything. */
  atLeastSeconds?: number;
  /** Ends the fault; called once, after a seeded time, also when the round is given up. */
  heal(): Promise<void>;
}

export interface ChaosWorld {
  /** Everything of this world is below it, but what PostgreSQL and Redis keep. */
  root: string;
  /** RUNNER_LEASE of its daemons, in seconds. */
  lease: number;
  /** The directory that holds all areas of newspapers (uploads, workflow, batches ...): one file system, of its own where that is possible. */
  areas: string;
  postgres: ChaosPostgres;
  redis: ChaosRedis;
  /** Undefined: all daemons live in the machine's own network. */
  network: ChaosNetwork | undefined;
  daemons: readonly ChaosDaemon[];
  agents: ChaosAgents;
  /** Asks the world's database; while it is away, none or a failed answer is no reason to end: undefined. */
  look<Row extends object>(query: string, values?: readonly unknown[]): Promise<Row[] | undefined>;
  /** A line of the report's story. */
  log(text: string): void;
}

/** A `run-jobs watch` on a host of its own. A supervisor starts it again a moment after it ended, as systemd would. */
export interface ChaosDaemon {
  host: string;
  /**
   * A directory that preloads of this daemon read (environment: CHAOS_CONTROL), in its worker threads, too. Each preload has
   * a file of its own in it (`clock`, `disk` ...); no such file: nothing is wrong.
   */
  control: string;
  /** Undefined while it is down. */
  pid(): number | undefined;
  isUp(): boolean;
  /** To the daemon's own process, not to `ip netns exec` or its children. */
  signal(signal: NodeJS.Signals): void;
  /** Until the process that is running now has ended; at once when there is none. */
  ended(): Promise<void>;
}

/** The cluster of the world, durable (fsync on): a crash loses nothing that was committed. */
export interface ChaosPostgres {
  /** Of the migrated database; reachable from every host. */
  url: string;
  stop(mode: 'immediate' | 'fast'): Promise<void>;
  /** Resolves when it takes connections again. */
  start(): Promise<void>;
  /** Terminates the backends of all daemons. @returns how many there were */
  cutConnections(): Promise<number>;
  drop(): Promise<void>;
}

export interface ChaosRedis {
  /** Reachable from every host. */
  url: string;
  /** SIGKILL: what it knew is gone. */
  kill(): Promise<void>;
  start(): Promise<void>;
  flush(): Promise<void>;
  drop(): Promise<void>;
}

/** Hosts as network namespaces on one bridge. */
export interface ChaosNetwork {
  /** Where services listen so that every host reaches them. */
  address: string;
  /** Each on an address of its own, so that a host can lose one and keep the others. */
  addressOf(service: 'postgres' | 'redis' | 'agents'): string;
  /** What comes before a command line to run it on that host, under its host name: `nsenter ... unshare --uts ...`. */
  prefix(host: string): readonly string[];
  /** Removes namespaces, links and rules. */
  drop(): Promise<void>;
}

/** The two ONI agents (staging, production) with their sites, in a process of their own. What they have loaded is kept through its death. */
export interface ChaosAgents {
  /** The same before and after a restart. */
  addresses: readonly string[];
  pid(): number | undefined;
  kill(signal: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  /** Jobs that an agent is working on at this moment. */
  busy(): Promise<number>;
}
