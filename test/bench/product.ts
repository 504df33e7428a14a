/**
 * The product as it is shipped: the bench measures the compiled `dist` (`npm run bench` builds it first), typed by its
 * sources. Under tsx the engine would run as another program than the one people install.
 */
import { pathToFileURL } from 'node:url';
import type * as ConnectModule from '../../src/database/database.js';
import type * as EmbeddedModule from '../../src/database/embedded.js';
import type * as MigrateModule from '../../src/database/migrate.js';
import type * as EnqueueModule from '../../src/engine/enqueue.js';
import type * as JobModule from '../../src/engine/job.js';
import type * as PipelineModule from '../../src/engine/pipeline.js';
import type * as RegistryModule from '../../src/engine/registry.js';
import type * as RunnerModule from '../../src/engine/runner/runner.js';
import type * as ClaimModule from '../../src/engine/statements/claim.js';
import type { Run } from '../../src/engine/statements/statement.js';
import type * as SamplesModule from '../../src/newspapers/samples/uploads.js';
import type * as SettingsModule from '../../src/settings.js';

/** Another build to measure, e.g. of an older commit: `PRESSMARK_BENCH_DIST=/elsewhere/dist`. */
const DIST = process.env.PRESSMARK_BENCH_DIST
  ? pathToFileURL(`${process.env.PRESSMARK_BENCH_DIST}/`)
  : new URL('../../dist/', import.meta.url);

const built = async <Module>(path: string): Promise<Module> => (await import(new URL(path, DIST).href)) as Module; // compiled from the source of that type

export const { connectDatabase } = await built<typeof ConnectModule>('database/database.js');
export const { startEmbeddedPostgres } = await built<typeof EmbeddedModule>('database/embedded.js');
export const { migrateDatabase } = await built<typeof MigrateModule>('database/migrate.js');
export const { enqueue } = await built<typeof EnqueueModule>('engine/enqueue.js');
export const { defineJob } = await built<typeof JobModule>('engine/job.js');
export const { definePipeline } = await built<typeof PipelineModule>('engine/pipeline.js');
export const { createRegistry } = await built<typeof RegistryModule>('engine/registry.js');
export const { Runner } = await built<typeof RunnerModule>('engine/runner/runner.js');
export const { claim } = await built<typeof ClaimModule>('engine/statements/claim.js');
export const { makeSampleUploads } = await built<typeof SamplesModule>('newspapers/samples/uploads.js');
export const { loadSettings } = await built<typeof SettingsModule>('settings.js');

export type RunStatement = Run;
