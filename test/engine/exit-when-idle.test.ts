/** "Run until nothing is runnable": what is dead, held or delayed does not keep the process alive (spec 2.8; W12). */
import { expect, test } from 'vitest';
import { done, hold, tryLater } from '../../src/engine/job.js';
import { plan, Stage } from './stage.js';
import { enqueued, enqueuedOne, rows, startRunner, until, untilStatus, useDatabase } from './support.js';

const own = useDatabase();

test('a failed, a held and a delayed pipeline do not block the end (W12)', async () => {
  const stage = new Stage();
  stage.on('dead', () => Promise.reject(new Error('boom')));
  stage.on('delayed', () => Promise.reject(new Error('boom')));
  stage.on('held', () => Promise.resolve(hold({ kind: 'person', action: 'a', message: 'm' })));
  stage.on('later', () => Promise.resolve(tryLater({ after: '24 h', deadline: '28 d', reason: 'r' })));
  await enqueued(
    own,
    ...[
      stage.step('fast', 'dead', { maxAttempts: 1 }),
      stage.step('fast', 'delayed'),
      stage.step('fast', 'held'),
      stage.step('fast', 'later'),
    ].map((job) => plan([job, stage.step('io', 'never')])),
    plan([stage.step('io', 'A'), stage.step('cpu', 'B'), stage.step('fast', 'C')]),
  );
  let idle = 0;
  await startRunner(own, { stage, onIdle: () => idle++ });
  await until('it is idle', () => idle > 0);
  expect(stage.count('C')).toBe(1);
  expect(stage.count('never')).toBe(0);
  const left = await rows<{ status: string }>(
    own,
    `select status from pipelines where status <> 'success' order by id`,
  );
  expect(left.map((row) => row.status)).toEqual(['failed', 'delayed', 'held', 'delayed']);
});

test('an empty database is idle at once', async () => {
  let idle = 0;
  await startRunner(own, { onIdle: () => idle++ });
  await until('it is idle', () => idle > 0);
});

test('not while a job runs, here or in another runner, nor while another starts a pipeline', async () => {
  const stage = new Stage();
  const gate = stage.gate('A');
  await enqueuedOne(own, plan([stage.step('cpu', 'A')]));
  let idle = 0;
  const other = new Stage();
  await startRunner(own, { stage, queues: { cpu: 1 } });
  await gate.entered;
  await startRunner(own, { stage: other, queues: { fast: 1 }, onIdle: () => idle++ });
  // it has polled: it did a job of its own lane
  await untilStatus(own, await enqueuedOne(own, plan([stage.step('fast', 'X')])), 'success');
  await untilStatus(own, await enqueuedOne(own, plan([stage.step('fast', 'Y')])), 'success');
  expect(idle).toBe(0);
  gate.end(done({ then: [plan([stage.step('fast', 'follower')])] }));
  await until('it is idle', () => idle > 0);
  expect(other.count('follower')).toBe(1);
});

test('work for queues that this runner does not serve is not its business', async () => {
  await enqueuedOne(own, plan([new Stage().step('cpu', 'A')]));
  let idle = 0;
  await startRunner(own, { queues: { fast: 1 }, onIdle: () => idle++ });
  await until('it is idle', () => idle > 0);
});
