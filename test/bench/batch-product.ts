/** The compiled modules that the bench of the batches measures, typed by their sources. */
import { pathToFileURL } from 'node:url';
import type * as RegistryModule from '../../src/engine/registry.js';
import type * as FileRecordsModule from '../../src/files/fixity/file-records.js';
import type * as FileJobsModule from '../../src/files/jobs.js';
import type * as ThreadsModule from '../../src/files/threads.js';
import type * as LayoutModule from '../../src/newspapers/batch-files/layout.js';
import type * as DecideModule from '../../src/newspapers/batches/decide-batch.js';
import type * as QueueModule from '../../src/newspapers/batches/queue-batches.js';
import type * as IssuesModule from '../../src/newspapers/issues.js';
import type * as LccnModule from '../../src/newspapers/lccn.js';
import type * as AgentModule from '../../src/newspapers/oni/fake-agent/fake-agent.js';
import type * as OrgsModule from '../../src/newspapers/orgs.js';
import type * as PagesModule from '../../src/newspapers/pages.js';
import type * as RegistrationModule from '../../src/newspapers/registration.js';
import type * as TitlesModule from '../../src/newspapers/titles.js';

/** The same build as in product.ts: a runner of one build does not know the errors of another. */
const DIST = process.env.PRESSMARK_BENCH_DIST
  ? pathToFileURL(`${process.env.PRESSMARK_BENCH_DIST}/`)
  : new URL('../../dist/', import.meta.url);

const built = async <Module>(path: string): Promise<Module> => (await import(new URL(path, DIST).href)) as Module; // compiled from the source of that type

async function load() {
  const modules = await Promise.all([
    built<typeof RegistryModule>('engine/registry.js'),
    built<typeof FileRecordsModule>('files/fixity/file-records.js'),
    built<typeof FileJobsModule>('files/jobs.js'),
    built<typeof ThreadsModule>('files/threads.js'),
    built<typeof LayoutModule>('newspapers/batch-files/layout.js'),
    built<typeof DecideModule>('newspapers/batches/decide-batch.js'),
    built<typeof QueueModule>('newspapers/batches/queue-batches.js'),
    built<typeof IssuesModule>('newspapers/issues.js'),
    built<typeof LccnModule>('newspapers/lccn.js'),
    built<typeof AgentModule>('newspapers/oni/fake-agent/fake-agent.js'),
    built<typeof OrgsModule>('newspapers/orgs.js'),
    built<typeof PagesModule>('newspapers/pages.js'),
    built<typeof RegistrationModule>('newspapers/registration.js'),
    built<typeof TitlesModule>('newspapers/titles.js'),
  ]);
  const [registry, records, jobs, threads, layout, decide, queue, issues, lccn, agent, orgs, pages, all, titles] =
    modules;
  return {
    ...{ ...registry, ...records, ...jobs, ...threads, ...layout, ...decide, ...queue },
    ...{ ...issues, ...lccn, ...agent, ...orgs, ...pages, ...all, ...titles },
  };
}

export type BatchProduct = Awaited<ReturnType<typeof load>>;

let loaded: Promise<BatchProduct> | undefined;

export function batchProduct(): Promise<BatchProduct> {
  return (loaded ??= load());
}
