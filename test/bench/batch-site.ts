/** A batch on its real road, with a runner of the product in this process and two fake agents. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import type { Database } from '../../src/database/database.js';
import type { Job, JobContext } from '../../src/engine/job.js';
import type { Batch } from '../../src/newspapers/batches/batches.js';
import type { FakeAgent } from '../../src/newspapers/oni/fake-agent/fake-agent.js';
import type { Settings } from '../../src/settings.js';
import { insertIssues, type MadeIssue } from './batch-issues.js';
import { batchProduct } from './batch-product.js';
import { connectDatabase, createRegistry, loadSettings, migrateDatabase, Runner } from './product.js';

/** What a job cost: its time from its row, its reading from the kernel. */
export interface JobCost {
  pipeline: string;
  type: string;
  seconds: number;
  bytesRead: number;
}

export interface BatchSite {
  root: string;
  settings: Settings;
  /** Makes the one batch of all that is ready, and builds it up to its quality control. */
  makeBatch: () => Promise<Batch>;
  /** Approves it and brings it to the archive. */
  goLive: (batch: Batch) => Promise<void>;
  /** Of all jobs that have run. */
  costs: () => Promise<JobCost[]>;
  stop: () => Promise<void>;
}

const UNTIL_ASKED_SECONDS = 1800;

/** @param parent directory that `root` is made in, on the filesystem of the issues; who calls removes it */
export async function startBatchSite(url: string, parent: string, issues: readonly MadeIssue[]): Promise<BatchSite> {
  const product = await batchProduct();
  const root = await mkdtemp(join(parent, 'site-'));
  const place = (name: string) => join(root, name);
  for (const name of ['workflow', 'outgoing', 'production', 'archive']) await mkdir(place(name));
  const agent = () =>
    product.startFakeAgent({ batchSource: place('production'), checkForOni: () => Promise.resolve([]) });
  const [staging, production] = [await agent(), await agent()];
  const settings: Settings = {
    ...loadSettings({ file: '/dev/null', env: {} }),
    POLL_INTERVAL: 0.1,
    WORKFLOW_PATH: place('workflow'),
    BATCH_OUTPUT_PATH: place('outgoing'),
    BATCH_PRODUCTION_PATH: place('production'),
    BATCH_ARCHIVE_PATH: place('archive'),
    ...agentSettings(staging, production),
  };
  await migrateDatabase({ connectionString: url, includeCurrent: true });
  const database = connectDatabase({ connectionString: url, applicationName: 'bench' });
  await insertIssues(database, issues);
  const read = new Map<string, number>();
  const jobs = [...product.fileJobs, ...product.newspaperJobs].map((job) => countingReads(job, read));
  const registry = createRegistry({ jobs, actions: product.newspaperActions, objects: product.newspaperObjects });
  const log = pino({ level: 'silent' });
  const runner = new Runner({
    ...{ database, listenOn: url, registry, settings, log, queues: settings.QUEUES, version: 'bench' },
  });
  await runner.start();
  const asked = (batch: Batch, action: string) => untilAsked(database, batch, action);
  return {
    root,
    settings,
    async makeBatch() {
      const options = { redo: false, sizes: { min: 1, max: 1_000_000 }, dryRun: false, actor: 'bench' };
      for await (const event of product.queueBatches(database.kysely, settings, options)) {
        if (event.event !== 'batch') throw new Error(`no batch, but ${JSON.stringify(event)}`);
        await asked(event.batch, 'batch_qc');
        return event.batch;
      }
      throw new Error('nothing is ready');
    },
    async goLive(batch) {
      const answer = { action: 'batch_qc', verb: 'approve', params: {}, actor: 'bench', via: 'cli' } as const;
      await product.decideBatch(database.kysely, registry, batch, answer);
      await asked(batch, 'confirm_archived');
    },
    async costs() {
      const { rows } = await database.pool.query<{ id: number; sequence: number; pipeline: string; type: string; seconds: number }>(
        `select pipeline_id as id, sequence, name as pipeline, type, extract(epoch from j.completed_at - j.started_at)::float8 as seconds
         from jobs j join pipelines p on p.id = j.pipeline_id where j.completed_at is not null order by pipeline_id, sequence`,
      ); // prettier-ignore
      return rows.map(({ id, sequence, ...row }) => ({ ...row, bytesRead: read.get(`${id} ${sequence}`) ?? NaN }));
    },
    async stop() {
      await runner.stop(0);
      await Promise.all([staging.stop(), production.stop(), product.closeThreads()]);
      await database.close();
    },
  };
}

const agentSettings = (staging: FakeAgent, production: FakeAgent): Partial<Settings> => ({
  STAGING_AGENT: { host: staging.host, port: staging.port },
  STAGING_AGENT_HOST_KEY: staging.fingerprint,
  PRODUCTION_AGENT: { host: production.host, port: production.port },
  PRODUCTION_AGENT_HOST_KEY: production.fingerprint,
});

/** The same job, which notes how many bytes this process read meanwhile: nothing else is at work in it. */
function countingReads(job: Job, read: Map<string, number>): Job {
  const { definition } = job;
  const run = async (context: JobContext<unknown>) => {
    const before = bytesReadSoFar();
    try {
      return await definition.run(context);
    } finally {
      const key = `${context.pipelineId} ${context.sequence}`;
      read.set(key, (read.get(key) ?? 0) + bytesReadSoFar() - before);
    }
  };
  const never = () => {
    throw new Error('plans come from the real jobs');
  };
  return Object.assign(never, { definition: { ...definition, run } });
}

/** By all threads of this process, cached or not (`rchar` of proc(5)); NaN where /proc is missing. */
function bytesReadSoFar(): number {
  try {
    return Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
  } catch {
    return NaN;
  }
}

/** What is put off (the agent is asked again later) is due at once: only the jobs' own time counts. */
async function untilAsked({ pool }: Database, batch: Batch, action: string): Promise<void> {
  const deadline = performance.now() + UNTIL_ASKED_SECONDS * 1000;
  for (;;) {
    await pool.query(`update pipelines set run_at = now() where status = 'delayed' and run_at > now()`);
    const { rows } = await pool.query<{ name: string; status: string; hold_action: string | null; error: unknown }>(
      `select name, status, hold_action, error from pipelines where object_type = 'batch' and object_id = $1 order by id desc limit 1`,
      [batch.id],
    );
    const [now] = rows;
    if (now?.status === 'held' && now.hold_action === action) return;
    if (now?.status === 'failed') throw new Error(`${now.name} failed: ${JSON.stringify(now.error)}`);
    if (performance.now() > deadline) throw new Error(`${batch.fullName} never asked ${action}`);
    await sleep(100);
  }
}
