/** The scripts of bin/sql that only look: they show what an administrator looks for. */
import { expect, test } from 'vitest';
import { hold } from '../../src/engine/job.js';
import { plan, Stage } from '../engine/stage.js';
import { enqueuedOne, rows, startRunner, untilStatus, useDatabase } from '../engine/support.js';
import { did } from './psql.js';

const own = useDatabase();

/** One that failed, one held, one delayed, one running, one done. */
async function givenWork() {
  const stage = new Stage();
  stage.on('fails', () => Promise.reject(new Error('the disk \u001b[31mis\u001b[0m away')));
  stage.on('asks', () => Promise.resolve(hold({ kind: 'person', action: 'review', message: 'look at page 3' })));
  const gate = stage.gate('runs');
  await startRunner(own, { stage });
  const one = (name: string, maxAttempts = 25) => enqueuedOne(own, plan([stage.step('fast', name, { maxAttempts })]));
  const ids = {
    failed: await one('fails', 1),
    delayed: await one('fails'),
    held: await one('asks'),
    running: await one('runs'),
  };
  const done = await one('done');
  await untilStatus(own, ids.failed, 'failed');
  await untilStatus(own, ids.delayed, 'delayed');
  await untilStatus(own, ids.held, 'held');
  await untilStatus(own, done, 'success');
  await gate.entered;
  return { ...ids, done, end: gate.end };
}

const line = (text: string, start: number): string =>
  text.split('\n').find((row) => new RegExp(`^ +${start} \\|`).test(row)) ?? '';

test('unfinished-work shows each open pipeline with why it stands, and no escape of a terminal passes', async () => {
  const ids = await givenWork();
  const all = await did(own.url, 'unfinished-work');
  const each = all.slice(all.indexOf('Each:'));
  expect(line(each, ids.failed)).toMatch(/failed.*the disk .*away/);
  expect(line(each, ids.held)).toMatch(/held.*look at page 3/);
  expect(line(each, ids.delayed)).toMatch(/delayed.*fast_step/);
  expect(line(each, ids.running)).toMatch(/in_process.*runs on /);
  expect(line(each, ids.done)).toBe('');
  expect(all).not.toContain('\u001b');
  const failed = await did(own.url, 'unfinished-work', { status: 'failed', limit: 1 });
  expect(failed).toMatch(/ +1 \| failed/);
  expect(failed).not.toContain('held');
  ids.end();
});

test('runners shows which live and die, and what each runs', async () => {
  const ids = await givenWork();
  await rows(
    own,
    `insert into runners (host, pid, boot_id, version, queues, heartbeat_at) values ('lost-host', 7, 'x', '1', '{}', now() - interval '1 hour')`,
  );
  const said = await did(own.url, 'runners');
  expect(said).toMatch(/\| lost-host \| +7 \| 1 +\|.*\| dead +\| +36\d\d \|/);
  expect(said).toMatch(/\| alive \| +\d+ \|/);
  expect(said).toMatch(new RegExp(`\\| +${ids.running} \\| Test \\|.*fast_step`));
  const lost = await did(own.url, 'runners', { host: 'lost-host' });
  expect(lost).not.toMatch(/alive/);
  expect(lost.slice(lost.indexOf('What they run'))).toContain('(0 rows)');
  ids.end();
});

test('slow-jobs shows run times by type, and what runs longer than usual', async () => {
  const ids = await givenWork();
  await rows(
    own,
    `insert into pipelines (name, description, created_by, status, queue, next_sequence, completed_at)
     select 'Old', 'a test', 'ann', 'success', 'io', 10, now() from generate_series(1, 100)`,
  );
  await rows(
    own,
    `insert into jobs (pipeline_id, sequence, type, queue, status, attempt, started_at, completed_at)
     select id, 10, 'slow_step', 'io', 'success', 1, now() - interval '1 h', now() - interval '1 h' + (row_number() over (order by id)) * interval '1 s'
     from pipelines where name = 'Old'`,
  );
  await rows(own, `update pipelines set step_started_at = now() - interval '10 min' where id = $1`, [ids.running]);
  const said = await did(own.url, 'slow-jobs');
  expect(said).toMatch(/slow_step \| +100 \| +0 \| +50\.500 \| +95\.050 \| +100\.000 \| +5050/);
  expect(said.slice(said.indexOf('Running now'))).toMatch(
    new RegExp(`^ +${ids.running} \\|.*fast_step \\| +6\\d\\d \\|`, 'm'),
  );
  expect(await did(own.url, 'slow-jobs', { last: 50 })).toMatch(/slow_step \| +50 \|/);
  ids.end();
});

test('table-sizes shows every table, and the oldest transaction that vacuum has to wait for', async () => {
  const client = await own.database.pool.connect();
  try {
    await client.query('begin isolation level repeatable read');
    const { rows: [me] } = await client.query<{ pid: number }>('select pg_backend_pid() as pid from pipelines right join (select 1) x on true limit 1'); // prettier-ignore
    const said = await did(own.url, 'table-sizes');
    for (const table of ['public.pipelines', 'public.jobs', 'newspapers.issues', 'public.events'])
      expect(said).toContain(` ${table} `);
    const waits = said.slice(said.indexOf('What vacuum has to wait for'));
    expect(waits).toMatch(new RegExp(`transaction +\\| pid ${me?.pid}, .*, test, idle in transaction`));
  } finally {
    await client.query('rollback');
    client.release();
  }
});

test("locks-held shows Pressmark's locks, and who waits for whom", async () => {
  await rows(
    own,
    `insert into locks (key, name, token, holder, fence, expires_at) values ('\\x00', 'issue 7', gen_random_uuid(), '{"host": "b"}', 1, now() + interval '30 s')`,
  );
  const holder = await own.database.pool.connect();
  const waiter = await own.database.pool.connect();
  try {
    await holder.query('begin');
    await holder.query(`update locks set name = 'issue 8'`);
    const waiting = waiter.query(`update locks set name = 'issue 9'`);
    let said = '';
    while (!/update locks set name = 'issue 9'/.test(said)) said = await did(own.url, 'locks-held');
    expect(said).toMatch(/issue 7.*"host": "b"/);
    expect(said).toMatch(/update locks set name = 'issue 9' +\| +\d+ \|.*\| test +\| idle in transaction/);
    await holder.query('rollback');
    await waiting;
  } finally {
    holder.release();
    waiter.release();
  }
});
