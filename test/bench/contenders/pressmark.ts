import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Step, Load } from '../daemons/protocol.js';
import { connectDatabase, defineJob, definePipeline, enqueue, loadSettings, migrateDatabase } from '../product.js';
import type { Contender } from './contender.js';

const noop = defineJob({
  type: 'bench_noop',
  queue: 'fast',
  timeout: '1 min',
  args: z.object({ pipeline: z.number(), job: z.number() }),
  run: () => Promise.resolve(undefined), // the daemon's copy is the one that runs
});

/** A pipeline as the domains make them: about an object. */
const benchPipeline = definePipeline('Bench', {
  describe: ({ pipeline }: { pipeline: number; depth: number }) => `bench ${pipeline}`,
  object: ({ pipeline }) => ({ type: 'bench', id: pipeline }),
  jobs: ({ pipeline, depth }) => Array.from({ length: depth }, (_, i) => noop({ pipeline, job: i + 1 } satisfies Step)),
});

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const settings = loadSettings({ env: {} });

/** @param width places of the daemon's `fast` lane */
export const pressmark = (width: number): Contender => ({
  system: `pressmark ${version}`,
  how: `lane fast=${width}`,
  daemon: new URL('../daemons/pressmark.ts', import.meta.url),
  daemonOptions: { width },
  prepare: async (url) => {
    await migrateDatabase({ connectionString: url, includeCurrent: true });
  },
  enqueue: async (url, load) => {
    const database = connect(url);
    await enqueue(database.kysely, plansOf(load), { actor: 'bench' });
    await database.close();
  },
  sender: (url) => {
    const database = connect(url);
    return Promise.resolve({
      send: async (pipeline) => {
        await enqueue(database.kysely, [benchPipeline({ pipeline, depth: 1 }, settings)], { actor: 'bench' });
      },
      close: () => database.close(),
    });
  },
  recorded: `select not exists (select from pipelines where status <> 'success') as recorded`,
});

const connect = (url: string) =>
  connectDatabase({ connectionString: url, applicationName: 'bench', onError: () => undefined }); // they end with their database

function plansOf(load: Load) {
  const { pipelines, depth } = load.kind === 'singles' ? { pipelines: load.count, depth: 1 } : load;
  return Array.from({ length: pipelines }, (_, pipeline) => benchPipeline({ pipeline, depth }, settings));
}
