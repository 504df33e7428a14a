/** One result that the database refuses is its own job's failure: what finished beside it is recorded (found in review). */
import { z } from 'zod';
import { expect, test } from 'vitest';
import { defineJob, done } from '../../src/engine/job.js';
import { enqueued, startRunner, until, useDatabase } from './support.js';

const own = useDatabase();

const odd = defineJob({
  type: 'odd',
  queue: 'fast',
  timeout: '1 min',
  maxAttempts: 1,
  args: z.object({ result: z.string() }),
  run: ({ args }) => Promise.resolve(done({ result: args.result })),
});

test('a result that the database refuses fails its job alone', async () => {
  await own.database.pool.query(`alter table jobs add constraint not_liked check (result is distinct from '"odd"')`);
  const plan = (result: string) => ({ name: 'Odd', description: 'one of many', jobs: [odd({ result })] });
  await enqueued(own, ...Array.from({ length: 20 }, (_, i) => plan(i === 7 ? 'odd' : 'even')));
  await startRunner(own, { more: [odd], queues: { fast: 20 } });
  const count = async (status: string) =>
    (await own.database.pool.query('select from pipelines where status = $1', [status])).rowCount;
  await until('all have ended', async () => (await count('success')) === 19 && (await count('failed')) === 1);
  const { rows } = await own.database.pool.query<{ message: string }>(
    `select error ->> 'message' as message from pipelines where status = 'failed'`,
  );
  expect(rows[0]?.message).toContain('not_liked');
});
