import PgBoss from 'pg-boss';
import type { Contender } from './contender.js';
import { installedVersion } from './installed-version.js';
import { inParts, stepsOf } from './steps.js';

export interface PgBossOptions {
  workers: number;
  batch: number;
  /**
   * pg-boss 10 has no strict order (its `key_strict_fifo` came with 12). Nearest to it:
   * `singleton`: at most one active job per key, oldest first. `handler`: each job's handler sends the next.
   */
  chain?: 'singleton' | 'handler';
}

const CHAINS = { singleton: 'policy singleton, a key per pipeline', handler: 'handler sends the next job' };

export const pgBoss = ({ workers, batch, chain }: PgBossOptions): Contender => ({
  system: `pg-boss ${installedVersion('pg-boss')}`,
  how: [`batch ${batch}`, `${workers} workers`, ...(chain ? [CHAINS[chain]] : [])].join(', '),
  daemon: new URL('../daemons/pg-boss.ts', import.meta.url),
  daemonOptions: { workers, batch, handlerSendsNext: chain === 'handler' },
  prepare: async (url) => {
    const boss = await open(url);
    await boss.createQueue('noop', { name: 'noop', policy: chain === 'singleton' ? 'singleton' : 'standard' });
    await close(boss);
  },
  enqueue: async (url, load) => {
    const boss = await open(url);
    const steps = stepsOf(load, 'ranks'); // by pipelines it would run them in any order: one insert has one time, ties go by a random id
    const first = chain === 'handler' ? steps.filter(({ job }) => job === 1) : steps;
    for (const part of inParts(first, load.kind === 'chains' ? load.pipelines : 5000))
      await boss.insert(
        part.map((data) => ({
          name: 'noop',
          data,
          ...(chain === 'singleton' && { singletonKey: `pipeline ${data.pipeline}` }),
        })),
      );
    await close(boss);
  },
  sender: async (url) => {
    const boss = await open(url);
    return {
      send: async (pipeline) => {
        await boss.send('noop', { pipeline, job: 1 });
      },
      close: () => close(boss),
    };
  },
  recorded: `select not exists (select from pgboss.job where name = 'noop' and state < 'completed') as recorded`,
});

async function open(connectionString: string): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString, max: 2, supervise: false, schedule: false });
  boss.on('error', () => undefined); // connections that end with their database; a call that fails rejects
  await boss.start();
  return boss;
}

const close = (boss: PgBoss) => boss.stop({ graceful: false, wait: false });
