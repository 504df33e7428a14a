/** A world for a round of chaos: services, hosts, agents, areas, daemons; all of it real, all of it its own. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { ForkedAgents } from './agents/agents.js';
import { SupervisedDaemon } from './daemon.js';
import { mountAreas } from './disk/mount.js';
import { diskPreload } from './disk/bad-disk.js';
import type { ChaosNetwork, ChaosPostgres, ChaosRedis, ChaosWorld } from './fault.js';
import { startNetwork } from './network/network.js';
import { dyingWithUs } from './processes.js';
import { startChaosPostgres } from './services/postgres.js';
import { startChaosRedis } from './services/redis.js';

const LOOK_WITHIN_MS = 5_000;
const AREAS_MEGABYTES = 2_000;

export interface WorldOptions {
  hosts: readonly string[];
  /** Hosts in networks of their own, areas on a file system of their own, where the machine allows it. */
  isWhole: boolean;
  /** Seconds; short, so that what a dead daemon had is taken over soon. */
  lease: number;
  log: (text: string) => void;
}

export interface Areas {
  pdfUploads: string;
  scanUploads: string;
  marc: string;
  archive: string;
  production: string;
  outgoing: string;
}

export class OwnWorld implements ChaosWorld {
  readonly areas: string;
  readonly places: Areas;
  readonly lease: number;
  private static readonly living = new Set<OwnWorld>();
  private readonly settingsFile: string;
  private readonly ends: (() => Promise<unknown>)[];

  private constructor(
    readonly root: string,
    readonly postgres: ChaosPostgres,
    readonly redis: ChaosRedis,
    readonly network: ChaosNetwork | undefined,
    readonly agents: ForkedAgents,
    readonly daemons: readonly SupervisedDaemon[],
    private readonly options: WorldOptions,
    ends: (() => Promise<unknown>)[],
  ) {
    this.areas = join(root, 'areas');
    this.places = placesOf(root);
    this.lease = options.lease;
    this.settingsFile = join(root, 'settings.env');
    this.ends = ends;
  }

  /** Makes one, with its services and agents running and its daemons not yet. `drop` it in the end. */
  static async make(options: WorldOptions): Promise<OwnWorld> {
    const ends: (() => Promise<unknown>)[] = [];
    try {
      return await OwnWorld.build(options, ends);
    } catch (error) {
      for (const end of ends.reverse()) await end().catch(() => undefined);
      throw error;
    }
  }

  private static async build(options: WorldOptions, ends: (() => Promise<unknown>)[]): Promise<OwnWorld> {
    const root = await mkdtemp(join(tmpdir(), `pressmark-chaos-world-${process.pid}-`));
    ends.push(() => rm(root, { recursive: true, force: true }));
    await mkdir(join(root, 'areas'));
    const mounted = options.isWhole ? await mountAreas(join(root, 'areas'), AREAS_MEGABYTES) : undefined;
    if (mounted) ends.push(() => mounted.unmount());
    const network = options.isWhole ? await startNetwork(options.hosts) : undefined;
    if (network) ends.push(() => network.drop());
    const [postgres, redis] = await Promise.all([
      startChaosPostgres(network && { listenOn: network.addressOf('postgres') }),
      startChaosRedis(network && { listenOn: network.addressOf('redis') }),
    ]);
    ends.push(
      () => postgres.drop(),
      () => redis.drop(),
    );
    const areas = await makeAreas(root);
    const agents = new ForkedAgents({
      batchSource: areas['BATCH_PRODUCTION_PATH'],
      host: network?.addressOf('agents') ?? '127.0.0.1',
      stateFile: join(root, 'agents.json'),
      loadMs: 1_000,
    });
    ends.push(() => agents.kill('SIGKILL'));
    await agents.start();
    const settingsFile = join(root, 'settings.env');
    const daemons = await Promise.all(
      options.hosts.map(async (host) => {
        const prefix = [...(network?.prefix(host) ?? (await hostPrefix(host))), ...dyingWithUs('KILL')];
        const preloads = [resolve('test/chaos/preloads/clock.mjs'), diskPreload];
        return new SupervisedDaemon({ host, root, settingsFile, prefix, preloads, queues: QUEUES });
      }),
    );
    ends.push(() => Promise.all(daemons.map((daemon) => daemon.kill())));
    const world = new OwnWorld(root, postgres, redis, network, agents, daemons, options, ends);
    await world.writeSettings(areas);
    OwnWorld.living.add(world);
    return world;
  }

  private async writeSettings(areas: Record<string, string>): Promise<void> {
    const [staging, production] = this.agents.settings;
    const settings = {
      ...areas,
      DATABASE_URL: this.postgres.url,
      REDIS_URL: this.redis.url,
      VAR_DIRECTORY: join(this.root, 'var'),
      PDF_BATCH_MARC_ORG_CODE: 'none',
      DURATION_ISSUE_CONSIDERED_DANGEROUS: '0s',
      DURATION_ISSUE_CONSIDERED_NEW: '0s',
      POLL_INTERVAL: '200ms',
      RUNNER_LEASE: `${this.lease}s`,
      SHUTDOWN_GRACE: '5s',
      STAGING_AGENT: staging?.agent,
      STAGING_AGENT_HOST_KEY: staging?.fingerprint,
      STAGING_NEWS_WEBROOT: staging?.webroot,
      PRODUCTION_AGENT: production?.agent,
      PRODUCTION_AGENT_HOST_KEY: production?.fingerprint,
      NEWS_WEBROOT: production?.webroot,
      PURGE_STAGING_AFTER_GO_LIVE: 'true',
      MIN_BATCH_SIZE: '1',
      DPI: '100',
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key}="${value ?? ''}"\n`);
    await writeFile(this.settingsFile, lines.join(''));
  }

  log(text: string): void {
    this.options.log(text);
  }

  async look<Row extends object>(query: string, values: readonly unknown[] = []): Promise<Row[] | undefined> {
    const client = new pg.Client({
      connectionString: this.postgres.url,
      connectionTimeoutMillis: LOOK_WITHIN_MS,
      query_timeout: LOOK_WITHIN_MS,
      application_name: 'chaos',
    });
    client.on('error', () => undefined); // it is about to answer with it
    try {
      await client.connect();
      return (await client.query<Row>(query, [...values])).rows;
    } catch (error) {
      if (isOwnMistake(error)) throw error;
      return undefined;
    } finally {
      void client.end().catch(() => undefined);
    }
  }

  /** Runs one of Pressmark's programs, as a person does. */
  async run(program: string, ...args: string[]): Promise<{ code: number | null; text: string }> {
    const child = spawn(process.execPath, [`bin/${program}`, ...args, '--settings', this.settingsFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: string[] = [];
    child.stdout.on('data', (piece: Buffer) => output.push(piece.toString()));
    child.stderr.on('data', (piece: Buffer) => output.push(piece.toString()));
    const impatient = setTimeout(() => child.kill('SIGKILL'), 60_000);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(impatient);
    return { code, text: output.join('') };
  }

  /** Keeps what tells why a round went wrong: files, logs, rows. @returns where */
  async keep(): Promise<string> {
    const kept = await mkdtemp(join(tmpdir(), 'pressmark-chaos-kept-')); // no sweep takes it away
    for (const part of ['areas', 'logs', 'agents.json'])
      await cp(join(this.root, part), join(kept, part), { recursive: true });
    const tables = { pipelines: 'id', jobs: 'pipeline_id, sequence', events: 'id', job_logs: 'id' };
    for (const [table, order] of Object.entries(tables)) {
      const rows = await this.look<{ row: object }>(`select to_jsonb(t) as row from ${table} t order by ${order}`);
      const lines = (rows ?? []).map(({ row }) => `${JSON.stringify(row)}\n`);
      await writeFile(join(kept, `${table}.jsonl`), lines.join(''));
    }
    return kept;
  }

  /** For who is told to end in the middle. */
  static async dropAll(): Promise<void> {
    for (const world of OwnWorld.living) await world.drop();
  }

  /** Ends everything that runs and removes all of it, the rest even when a part cannot be ended. */
  async drop(): Promise<void> {
    OwnWorld.living.delete(this);
    for (const end of this.ends.reverse())
      await end().catch((error: unknown) => this.log(`could not clean up: ${String(error)}`));
  }
}

const QUEUES = 'io=1,cpu=1,fast=4,instant=4';

/** SQLSTATE class 42 and 22: the query is wrong, not the database. */
const isOwnMistake = (error: unknown): boolean => /^(42|22)/.test((error as { code?: string }).code ?? '');

const placesOf = (root: string): Areas => ({
  pdfUploads: join(root, 'areas', 'uploads-pdf'),
  scanUploads: join(root, 'areas', 'uploads-scans'),
  marc: join(root, 'marc'),
  archive: join(root, 'areas', 'archive'),
  production: join(root, 'areas', 'production'),
  outgoing: join(root, 'areas', 'outgoing'),
});

async function makeAreas(root: string) {
  const places = placesOf(root);
  const areas = {
    PDF_UPLOAD_PATH: places.pdfUploads,
    SCAN_UPLOAD_PATH: places.scanUploads,
    PDF_PAGE_REVIEW_PATH: join(root, 'areas', 'page-review'),
    WORKFLOW_PATH: join(root, 'areas', 'workflow'),
    ORIGINAL_PDF_BACKUP_PATH: join(root, 'areas', 'backup'),
    BATCH_OUTPUT_PATH: places.outgoing,
    BATCH_PRODUCTION_PATH: places.production,
    BATCH_ARCHIVE_PATH: places.archive,
    ERRORED_ISSUES_PATH: join(root, 'areas', 'errors'),
  };
  for (const directory of [...Object.values(areas), places.marc, join(root, 'var')])
    await mkdir(directory, { recursive: true });
  return areas;
}

/** A host name of its own without a network of its own; without it (not root) all daemons are of one host. */
async function hostPrefix(host: string): Promise<readonly string[]> {
  const prefix = ['unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', host];
  return promisify(execFile)('unshare', [...prefix.slice(1), 'true']).then(
    () => prefix,
    () => [],
  );
}
