/** The agent's commands and what each answers (newspapers spec 8.4). */
import { join } from 'node:path';
import { parseMarc } from '../../marc.js';
import { parsePatch, patchBatch, PatchRefused } from './batch-patch.js';
import type { FakeOni, LoadedBatch } from './fake-oni.js';
import { rfc3339, type JobQueue, type QueuedJob, type QueuedStatus } from './job-queue.js';
import { BatchUnfit, readBatch, validatedIssuePaths } from './read-batch.js';

/** The world of an agent. */
export interface AgentWorld {
  /** Directory that holds the batches by their full names. */
  batchSource: string;
  oni: FakeOni;
  queue: JobQueue;
  /** What Open ONI's loader would refuse of a batch directory; empty: nothing. */
  checkForOni: (directory: string, awardees: readonly string[]) => Promise<string[]>;
  /** The next loads fail with these words. */
  failures: string[];
  /** What the loader leaves out of what it read, and still succeeds (W29). */
  loses: (batch: LoadedBatch) => LoadedBatch;
}

export type Reply = Readonly<Record<string, unknown>> & { status: 'success' | 'error' };

type Command = (world: AgentWorld, args: readonly string[], payload: () => Promise<string>) => Promise<Reply> | Reply;

const success = (more: Record<string, unknown> = {}): Reply => ({ status: 'success', ...more });
const error = (message: string, reason?: string): Reply => ({
  status: 'error',
  message,
  ...(reason !== undefined && { error: reason }),
});

const SENTENCES: Readonly<Record<QueuedStatus, string>> = {
  pending: 'This job is waiting for its turn.',
  started: 'This job is running.',
  "couldn't start": 'This job could not be started.',
  successful: 'This job has ended well.',
  failed: 'This job has failed; see its logs.',
};

const told = ({ id, name, queued, status, error }: QueuedJob): Record<string, unknown> => ({
  ...{ id, name, queued: rfc3339(queued), status },
  ...(error !== undefined && { error }),
});

const NO_OP = success({ message: 'No-op: job is redundant or already completed', job: { id: -1 } });
const added = (job: QueuedJob): Reply => success({ message: 'Job added to queue', job: { id: job.id } });

function withJob(world: AgentWorld, id: string | undefined, reply: (job: QueuedJob) => Reply): Reply {
  if (!/^-?\d+$/.test(id ?? '')) return error(`${JSON.stringify(id ?? '')} is not a valid job id`);
  const job = world.queue.jobs.find((each) => String(each.id) === id);
  return job ? reply(job) : error('Job not found');
}

async function loadBatch(world: AgentWorld, [name = '']: readonly string[]): Promise<Reply> {
  if (world.oni.batches.has(name)) return NO_OP;
  const directory = join(world.batchSource, name);
  try {
    await validatedIssuePaths(directory);
  } catch (reason) {
    if (reason instanceof BatchUnfit) return error(`${name} cannot be loaded`, reason.message);
    throw reason;
  }
  const job = world.queue.add(`load_batch ${directory}`, async ({ out }) => {
    out(`loading batch at ${directory}`);
    const failure = world.failures.shift();
    if (failure !== undefined) throw new Error(failure);
    const refusals = await world.checkForOni(directory, [...world.oni.awardees.keys()]);
    if (refusals.length > 0) throw new Error(refusals.join('\n'));
    const batch = await readBatch(directory);
    if (!world.oni.awardees.has(batch.awardee)) throw new Error(`no awardee ${batch.awardee}`);
    const loaded = world.loses(batch);
    for (const issue of loaded.issues) out(`loaded issue: ${issue.lccn} ${issue.date}_${issue.edition}`);
    world.oni.load(loaded);
  });
  return added(job);
}

async function loadTitle(world: AgentWorld, payload: () => Promise<string>): Promise<Reply> {
  const bytes = Buffer.from(await payload());
  let title: ReturnType<typeof parseMarc>;
  try {
    title = parseMarc(bytes, 'marc.xml');
  } catch (reason) {
    return error('Invalid data', (reason as Error).message);
  }
  const job = world.queue.add('load_titles', ({ out }) => {
    const failure = world.failures.shift();
    if (failure !== undefined) throw new Error(failure);
    world.oni.titles.set(title.lccn, title.title);
    out(`loaded title ${title.lccn}`);
    return Promise.resolve();
  });
  return added(job);
}

async function batchPatch(
  { oni, queue, batchSource }: AgentWorld,
  [source = '', target = '']: readonly string[],
  payload: () => Promise<string>,
): Promise<Reply> {
  if (source === '' || target === '') return error('batch-patch needs the name of a batch and one for the new batch');
  if (!oni.batches.has(source)) return error(`${source} is not loaded`);
  let keys: string[];
  try {
    keys = parsePatch(await payload());
  } catch (reason) {
    if (reason instanceof PatchRefused) return error('Invalid data', reason.message);
    throw reason;
  }
  const work = () => patchBatch(join(batchSource, source), join(batchSource, target), keys);
  return added(queue.add(`batch_patch ${source} ${target}`, work));
}

const COMMANDS: Readonly<Record<string, Command>> = {
  version: () => success({ version: 'fake 1.0' }),
  'list-jobs': ({ queue }) => success({ jobs: queue.jobs.map(told) }),
  'job-status': (world, [id]) =>
    id === '-1'
      ? success({
          message: SENTENCES.successful,
          job: { id: -1, name: 'no-op', queued: rfc3339(new Date()), status: 'successful' },
        })
      : withJob(world, id, (job) => success({ message: SENTENCES[job.status], job: told(job) })),
  'job-logs': (world, [id]) =>
    withJob(world, id, (job) => success({ job: { ...told(job), stdout: job.stdout, stderr: job.stderr } })),
  'load-batch': loadBatch,
  'purge-batch': ({ oni, queue }, [name = '']) => {
    if (!oni.batches.has(name)) return NO_OP;
    const job = queue.add(`purge_batch ${name}`, ({ out }) => {
      oni.purge(name);
      out(`purged ${name}`);
      return Promise.resolve();
    });
    return added(job);
  },
  'ensure-awardee': ({ oni }, [code = '', name]) => {
    if (oni.awardees.has(code)) return success({ message: 'Awardee already exists' });
    if (!code || !name) return error('an awardee needs a code and a name');
    oni.awardees.set(code, name);
    return success({ message: 'Awardee created' });
  },
  'load-title': (world, _args, payload) => loadTitle(world, payload),
  'batch-patch': batchPatch,
};

/** Answers a command line's words. */
export async function answer(
  world: AgentWorld,
  [name, ...args]: readonly string[],
  payload: () => Promise<string>,
): Promise<Reply> {
  if (name === undefined) return error('no command specified');
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return command ? command(world, args, payload) : error(`${JSON.stringify(name)} is not a valid command name`);
}
