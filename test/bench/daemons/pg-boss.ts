/** pg-boss in big batches; a worker that got a full batch fetches again at once instead of after its poll interval. */
import PgBoss from 'pg-boss';
import { serve } from './daemon.js';
import type { Step } from './protocol.js';

serve(async ({ url, options, load }, run) => {
  const workers = Number(options.workers);
  const batchSize = Number(options.batch);
  const boss = new PgBoss({ connectionString: url, max: workers + 2, supervise: false, schedule: false });
  boss.on('error', () => undefined);
  await boss.start();
  const depth = load.kind === 'chains' ? load.depth : 1;
  for (let i = 0; i < workers; i++) {
    const id: string = await boss.work<Step>('noop', { batchSize, pollingIntervalSeconds: 0.5 }, async (jobs) => {
      await Promise.all(jobs.map((job) => run(job.data)));
      if (options.handlerSendsNext) {
        const next = jobs.filter(({ data }) => data.job < depth);
        if (next.length > 0)
          await boss.insert(next.map(({ data }) => ({ name: 'noop', data: { ...data, job: data.job + 1 } })));
      }
      if (batchSize > 1) boss.notifyWorker(id);
    });
  }
  return () => boss.stop({ graceful: true, wait: true });
});
