import { existsSync } from 'node:fs';
import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { JobCall } from '../../src/engine/job.js';
import type { PipelinePlan } from '../../src/engine/pipeline.js';
import type { Status } from '../../src/engine/status.js';
import { removeFile, renameDirectory, syncRecursive } from '../../src/files/jobs.js';
import { splitPages } from '../../src/newspapers/jobs/split-pages.js';
import {
  enqueued,
  enqueuedOne,
  jobList,
  pipelineRow,
  rows,
  until,
  untilStatus,
  useDatabase,
} from '../engine/support.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { gatedSplit } from './gated-split.js';
import { run } from './run-program.js';
import { isAlive, start, startDaemon } from './started-program.js';

const own = useDatabase();
let area: string;
let env: Record<string, string>;
beforeEach(async () => {
  area = await temporaryDirectory();
  // empty upload areas: the scan watcher looks there, and warns of those that are not
  const [PDF_UPLOAD_PATH, SCAN_UPLOAD_PATH] = [await temporaryDirectory(), await temporaryDirectory()];
  env = { DATABASE_URL: own.url, PDF_UPLOAD_PATH, SCAN_UPLOAD_PATH };
});

const plan = (jobs: JobCall[], more: Partial<PipelinePlan> = {}): PipelinePlan => ({
  name: 'Test',
  description: 'a test',
  jobs,
  ...more,
});
const removal = (name: string) => removeFile({ location: join(area, name) });
const doomed = () => syncRecursive({ from: area, to: join(area, 'inside') }); // a tree into itself: fatal at once
const retried = () => splitPages({ source: join(area, 'unmounted', 'upload'), output: join(area, 'pages') });
/** The jobs of a pipeline: "sync_recursive success, remove_file waiting". */
const jobsOf = async (id: number): Promise<string> =>
  (
    await rows<{ text: string }>(
      own,
      `select string_agg(type || ' ' || status, ', ' order by sequence) as text from jobs where pipeline_id = $1`,
      [id],
    )
  )[0]?.text ?? '';
const stoppedRunners = () => rows(own, 'select from runners where stopped_at is not null');

describe('run-jobs watch whose start fails', () => {
  it('says why and ends, whatever connections are open: its service manager starts it again', async () => {
    await rows(own, `create function closed() returns trigger language plpgsql as $$ begin raise exception 'closed for repairs'; end $$`); // prettier-ignore
    await rows(own, 'create trigger closed before insert on runners for each row execute function closed()');
    onTestFinished(async () => {
      await rows(own, 'drop function closed cascade');
    });
    const daemon = start('run-jobs', ['watch'], { ...env, REDIS_URL: 'redis://127.0.0.1:1' });
    expect(await daemon.ended).toEqual({ code: 1, signal: null });
    expect(daemon.stderr()).toContain('closed for repairs');
  });
});

describe('run-jobs watch --exit-when-idle', () => {
  it('says that nothing is left when there is nothing', async () => {
    expect(await run('run-jobs', ['watch', '--exit-when-idle'], { ...env, LOG_LEVEL: 'warn' })).toEqual({
      exitCode: 0,
      stdout: 'Nothing is left to do.\n',
      stderr: '',
    });
  });

  it('runs what is there and names what failed, is held and is delayed (W12)', async () => {
    await writeFile(join(area, 'a file'), 'words');
    const fine = await enqueuedOne(own, plan([removal('a file')], { description: 'the fine one' }));
    const failing = await enqueuedOne(
      own,
      plan([doomed(), removal('x')], { description: 'the \u001b[31mfailing one' }),
    );
    const delayed = await enqueuedOne(own, plan([retried()], { description: 'the delayed one' }));
    const held = await enqueuedOne(own, plan([removal('y')], { description: 'the held one' }));
    await rows(
      own,
      `update pipelines set status = 'held', hold_kind = 'person', hold_action = 'page_review', hold_rev = 1, held_at = now(), hold_message = 'look at it' where id = $1`,
      [held],
    );

    const { exitCode, stdout } = await run('run-jobs', ['watch', '--exit-when-idle'], env);
    expect(exitCode).toBe(0);
    expect(existsSync(join(area, 'a file'))).toBe(false);
    expect((await pipelineRow(own, fine)).status).toBe('success');
    const [first, , ...standing] = stdout.trim().split('\n');
    expect(first).toBe('Nothing is runnable now. 1 failed, 1 held, 1 delayed:');
    expect(standing).toHaveLength(3);
    expect(standing[0]).toMatch(
      new RegExp(`^${failing} +failed +Test: the \\\\u\\{1b\\}\\[31mfailing one +sync_recursive .*one is in the other`),
    );
    expect(standing[1]).toMatch(new RegExp(`^${held} +held +Test: the held one +page_review .*look at it`));
    expect(standing[2]).toMatch(
      new RegExp(
        `^${delayed} +delayed +Test: the delayed one +page_split .*again in [\\d.]+ m?s: .*is its disk mounted`,
        'i',
      ),
    );
    const [{ waits } = { waits: 0 }] = await rows<{ waits: number }>(
      own,
      `select extract(epoch from p.run_at - e.at)::float8 as waits from events e join pipelines p on p.id = e.pipeline_id
       where e.pipeline_id = $1 and e.kind = 'failed_attempt' order by e.id limit 1`,
      [delayed],
    );
    expect(waits).toBeGreaterThan(14); // 16 s, up to a tenth sooner
    expect(await jobsOf(failing)).toBe('sync_recursive failed, remove_file waiting');
    expect(await stoppedRunners()).toHaveLength(1);
  });

  it('does not call it done when work for queues it does not serve is left', async () => {
    const id = await enqueuedOne(own, plan([syncRecursive({ from: area, to: `${area}-copy` })]));
    const { exitCode, stdout } = await run('run-jobs', ['watch', '--exit-when-idle', '--queues', 'fast=1'], env);
    expect(exitCode).toBe(0);
    expect((await pipelineRow(own, id)).status).toBe('pending');
    expect(stdout).toBe(
      'Nothing is runnable now. 0 failed, 0 held, 0 delayed.\nNot served here: 1 pending in queue io.\n',
    );
  });
});

describe('run-jobs watch', () => {
  it('serves only the queues it is told to', async () => {
    const daemon = await startDaemon(env, '--queues', 'fast=1,instant=1');
    await mkdir(join(area, 'source'));
    const [io, fast, both] = (await enqueued(
      own,
      plan([syncRecursive({ from: join(area, 'source'), to: join(area, 'copy') })]),
      plan([removal('x')]),
      plan([removal('y'), syncRecursive({ from: join(area, 'source'), to: join(area, 'copy') })]),
    )) as [number, number, number];
    await untilStatus(own, fast, 'success');
    await until(
      'the second one is handed on to its other queue',
      async () => (await pipelineRow(own, both)).queue === 'io',
    );
    expect(await pipelineRow(own, io)).toMatchObject({ status: 'pending', epoch: 0 });
    expect(await pipelineRow(own, both)).toMatchObject({ status: 'pending', next_sequence: 20 });

    const other = await startDaemon(env, '--queues', 'io=2');
    await untilStatus(own, io, 'success');
    await untilStatus(own, both, 'success');
    for (const { child } of [daemon, other]) child.kill('SIGTERM');
    expect(await Promise.all([daemon.ended, other.ended])).toEqual(Array(2).fill({ code: 0, signal: null }));
  });

  it.each(['fast=0', 'cpu', 'disk=1', 'io=1,io=2', ''])('refuses --queues %j', async (queues) => {
    const { exitCode, stdout, stderr } = await run('run-jobs', ['watch', '--queues', queues], env);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/must be widths like io=1,cpu=2,fast=4,instant=4/);
  });

  it('finds work by polling alone when LISTEN_NOTIFY is off', async () => {
    const listeners = () =>
      rows(
        own,
        `select from pg_stat_activity where datname = current_database() and application_name = 'pressmark hints'`,
      );
    const daemon = await startDaemon({ ...env, LISTEN_NOTIFY: 'false' });
    expect(await listeners()).toHaveLength(0);
    const id = await enqueuedOne(own, plan([removal('x'), removal('y')]));
    await untilStatus(own, id, 'success');
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    await startDaemon(env); // so much for how one tells
    await until('the other one listens', async () => (await listeners()).length === 1);
  });

  it('tells what a job says on stderr and in job_logs, with everything one needs to find it', async () => {
    const split = await gatedSplit(area);
    await split.letGo();
    const daemon = await startDaemon({ ...env, ...split.env });
    const id = await enqueuedOne(own, plan([split.job], { object: { type: 'issue', id: 7 } }));
    await untilStatus(own, id, 'success');
    daemon.child.kill('SIGTERM');
    await daemon.ended;
    const [runner] = await rows<{ id: number }>(own, 'select id from runners');
    const said = daemon.lines().filter((line) => line['pipeline'] === id);
    expect(said).toMatchObject([
      {
        level: 30,
        runner: runner?.id,
        pipeline: id,
        job: 10,
        attempt: 1,
        type: 'page_split',
        object: 'issue 7',
        msg: 'split the upload into pages',
        pages: 2,
        files: 1,
      },
    ]);
    const kept = await rows(own, 'select pipeline_id, sequence, attempt, level, message, fields, at from job_logs');
    expect(kept).toEqual([
      {
        pipeline_id: id,
        sequence: 10,
        attempt: 1,
        level: 'info',
        message: 'split the upload into pages',
        fields: { pages: 2, files: 1 },
        at: new Date(said[0]?.['time'] as number),
      },
    ]);
  });

  it('shows in status how far a long copy is', async () => {
    await mkdir(join(area, 'source'));
    for (const name of ['a', 'b', 'c', 'd']) {
      await writeFile(join(area, 'source', name), '');
      await truncate(join(area, 'source', name), 96 * 1024 * 1024);
    }
    const letGo = await standingCopy();
    const daemon = await startDaemon(env);
    const id = await enqueuedOne(own, plan([syncRecursive({ from: join(area, 'source'), to: join(area, 'copy') })]));
    await until('there is progress', async () => (await rows(own, 'select from progress')).length === 1);
    const [text, json] = await Promise.all([
      run('run-jobs', ['status'], env),
      run('run-jobs', ['status', '--json'], env),
    ]);
    expect(text.stdout).toMatch(
      new RegExp(`^${id} +Test: a test +10 sync_recursive +io +.* [#.]{20} [\\d.]+/[\\d.]+ MB$`, 'm'),
    );
    const status = JSON.parse(json.stdout) as Status;
    expect(status.running).toMatchObject([
      { pipeline_id: id, sequence: 10, type: 'sync_recursive', queue: 'io', unit: 'MB' },
    ]);
    const { done, total } = status.running[0] ?? {};
    expect(total).toBeGreaterThan(300);
    expect(done).toBeLessThan(total ?? 0);
    expect(status.runners).toMatchObject([{ pid: daemon.child.pid, running: 1, queues: { io: 1 } }]);
    expect(status.queues).toMatchObject([{ queue: 'io', pending: 0, in_process: 1, delayed: 0 }]);
    await letGo();
    await untilStatus(own, id, 'success');
    await until('its progress is forgotten', async () => (await rows(own, 'select from progress')).length === 0);
  });

  /** What is said first of a copy stays, and it does not end before the test lets it: however fast the one, however late the other. */
  async function standingCopy(): Promise<() => Promise<void>> {
    const gate = await own.database.pool.connect();
    onTestFinished(async () => {
      await gate.query('select pg_advisory_unlock_all()');
      await gate.query('drop function wait_at_gate cascade');
      await gate.query('drop function stay cascade');
      gate.release();
    });
    await gate.query('select pg_advisory_lock(1)');
    await gate.query('create function wait_at_gate() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(1); return coalesce(new, old); end $$'); // prettier-ignore
    await gate.query('create function stay() returns trigger language plpgsql as $$ begin return null; end $$');
    await gate.query('create trigger stay before update on progress for each row execute function stay()');
    await gate.query('create trigger gate before delete on progress for each row execute function wait_at_gate()');
    await gate.query(`create trigger gate before update on pipelines for each row when (new.status = 'success') execute function wait_at_gate()`); // prettier-ignore
    return async () => {
      await gate.query('select pg_advisory_unlock(1)');
    };
  }

  it('goes on when whoever read its log is gone', async () => {
    const daemon = await startDaemon(env);
    daemon.child.stderr?.destroy();
    const failing = await enqueuedOne(own, plan([doomed()]));
    await untilStatus(own, failing, 'failed');
    const next = await enqueuedOne(own, plan([removal('x')]));
    await untilStatus(own, next, 'success');
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
  });

  it('does each job once however many daemons there are', async () => {
    await Promise.all([startDaemon(env), startDaemon(env)]);
    const names = Array.from({ length: 60 }, (_, i) => `directory ${i}`);
    for (const name of names) await mkdir(join(area, name));
    // a second run of a finished rename would be another attempt
    const ids = await enqueued(
      own,
      ...names.map((name) =>
        plan([
          renameDirectory({ from: join(area, name), to: join(area, `${name} renamed`) }),
          removal(`what ${name} never held`),
          renameDirectory({ from: join(area, `${name} renamed`), to: join(area, `${name} at last`) }),
        ]),
      ),
    );
    await until(
      'all are done',
      async () => (await rows(own, `select from pipelines where status = 'success'`)).length === ids.length,
    );
    expect(await rows(own, 'select distinct attempt, failures, status from jobs')).toEqual([
      { attempt: 1, failures: 0, status: 'success' },
    ]);
    expect((await readdir(area)).sort()).toEqual(names.map((name) => `${name} at last`).sort());
  });
});

describe('SIGTERM', () => {
  it('lets the running job finish, hands back what would follow it, and ends with 0', async () => {
    const split = await gatedSplit(area);
    // It polls rarely: a claim that was on its way when it was told to stop might find what comes afterwards.
    const seldom = { POLL_INTERVAL: '5s', SHUTDOWN_GRACE: '1h' };
    const daemon = await startDaemon({ ...env, ...split.env, ...seldom }, '--queues', 'cpu=1,fast=1');
    const [id, later] = (await enqueued(own, plan([split.job, removal('x')]), plan([split.job]))) as [number, number];
    await split.running();
    daemon.child.kill('SIGTERM');
    await until('it stops', () => daemon.stderr().includes('stopping: running jobs may finish'));
    const [afterwards] = (await enqueued(own, plan([removal('y')]))) as [number];
    await split.letGo();
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect(await jobsOf(id)).toBe('page_split success, remove_file waiting');
    expect(await pipelineRow(own, id)).toMatchObject({
      status: 'pending',
      queue: 'fast',
      next_sequence: 20,
      runner_id: null,
    });
    for (const untouched of [later, afterwards])
      expect(await pipelineRow(own, untouched)).toMatchObject({ status: 'pending', epoch: 0 });
    expect(await readdir(split.output)).toEqual(['seq-0001.pdf', 'seq-0002.pdf']);
    expect(await stoppedRunners()).toHaveLength(1);
  });

  it('aborts a job that needs longer than SHUTDOWN_GRACE; its processes are gone, no failure is counted', async () => {
    const split = await gatedSplit(area);
    const daemon = await startDaemon({ ...env, ...split.env, SHUTDOWN_GRACE: '100ms' });
    const id = await enqueuedOne(own, plan([split.job]));
    const pids = await split.running();
    expect(pids.map(isAlive)).toEqual([true, true]);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(await pipelineRow(own, id)).toMatchObject({
      status: 'pending',
      next_sequence: 10,
      runner_id: null,
      rescues: 0,
      error: null,
    });
    expect(await rows(own, 'select status, failures, error from jobs')).toEqual([
      { status: 'waiting', failures: 0, error: null },
    ]);
    expect(await stoppedRunners()).toHaveLength(1);

    await split.letGo();
    expect((await run('run-jobs', ['watch', '--exit-when-idle'], { ...env, ...split.env })).exitCode).toBe(0);
    expect(await jobList(own, id)).toMatch(/success$/);
    expect((await rows<{ attempt: number }>(own, 'select attempt from jobs'))[0]?.attempt).toBe(2);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('a second signal, %s, ends the wait at once', async (second) => {
    const split = await gatedSplit(area);
    const daemon = await startDaemon({ ...env, ...split.env, SHUTDOWN_GRACE: '1h' });
    const id = await enqueuedOne(own, plan([split.job]));
    const pids = await split.running();
    daemon.child.kill('SIGTERM');
    await until('it stops', () => daemon.stderr().includes('stopping: running jobs may finish'));
    expect(daemon.child.exitCode).toBeNull();
    daemon.child.kill(second);
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(await pipelineRow(own, id)).toMatchObject({ status: 'pending', runner_id: null });
    expect(await rows(own, 'select failures from jobs')).toEqual([{ failures: 0 }]);
  });

  it('a second signal does so, too, when it comes in the same moment', async () => {
    const split = await gatedSplit(area);
    const preload = fileURLToPath(new URL('second-signal.js', import.meta.url));
    const twice = { SHUTDOWN_GRACE: '1h', NODE_OPTIONS: `--import ${preload}` };
    const daemon = await startDaemon({ ...env, ...split.env, ...twice });
    const id = await enqueuedOne(own, plan([split.job]));
    await split.running();
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect(await pipelineRow(own, id)).toMatchObject({ status: 'pending', runner_id: null });
  });

  it('ends an idle daemon', async () => {
    const daemon = start('run-jobs', ['watch'], env);
    await until('it takes work', () => daemon.stderr().includes('taking work'));
    daemon.child.kill('SIGINT');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect(daemon.lines().at(-1)?.['msg']).toBe('stopped');
    expect(await stoppedRunners()).toHaveLength(1);
  });
});
