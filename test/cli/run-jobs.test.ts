import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PipelinePlan } from '../../src/engine/pipeline.js';
import type { Status } from '../../src/engine/status.js';
import { removeFile, syncRecursive } from '../../src/files/jobs.js';
import { splitPages } from '../../src/newspapers/jobs/split-pages.js';
import { enqueued, enqueuedOne, eventKinds, pipelineRow, rows, until, useDatabase } from '../engine/support.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { run, succeed, succeedJson } from './run-program.js';
import { start } from './started-program.js';

const own = useDatabase();
let area: string;
let env: Record<string, string>;
beforeEach(async () => {
  area = await temporaryDirectory();
  env = { DATABASE_URL: own.url, LOG_LEVEL: 'fatal' };
});

const runJobs = (...args: string[]) => run('run-jobs', args, env);
const ok = (...args: string[]): Promise<string> => succeed('run-jobs', args, env);
const json = <T>(...args: string[]): Promise<T> => succeedJson<T>('run-jobs', args, env);

const removals = (count: number) =>
  Array.from({ length: count }, (_, i) => removeFile({ location: join(area, `${i}`) }));
const plan = (more: Partial<PipelinePlan> = {}): PipelinePlan => ({
  name: 'Tidy',
  description: 'a test',
  jobs: removals(2),
  ...more,
});
const doomed = (): PipelinePlan =>
  plan({ jobs: [syncRecursive({ from: area, to: join(area, 'inside') }), ...removals(1)] });
/** What a pipeline looks like in another status, when how it came there does not matter. */
const STATES: Record<string, string> = {
  pending: `status = 'pending'`,
  failed: `status = 'failed', error = '{"message": "the disk was full"}', step_started_at = now() - interval '2 hours'`,
  delayed: `status = 'delayed', error = '{"message": "the disk was busy"}', run_at = now() + interval '30 minutes', step_started_at = now()`,
  held: `status = 'held', hold_kind = 'person', hold_action = 'page_review', hold_rev = 3, hold_role = 'page reviewer', hold_message = 'rename them', held_at = now() - interval '3 days'`,
  in_process: `status = 'in_process', runner_id = 1, step_started_at = now(), epoch = 1`,
  success: `status = 'success', completed_at = now()`,
  cancelled: `status = 'cancelled', completed_at = now()`,
};
async function given(status: string, more: Partial<PipelinePlan> = {}): Promise<number> {
  const id = await enqueuedOne(own, plan(more));
  await rows(own, `update pipelines set ${STATES[status] ?? ''} where id = $1`, [id]);
  return id;
}
const because = ['--reason', 'a test'];

describe('usage', () => {
  it.each<[string[], RegExp]>([
    [[], /Usage: run-jobs/],
    [['frob'], /unknown command 'frob'/],
    [['show'], /missing required argument 'pipeline'/],
    [['show', '0'], /'0' is invalid.*whole number above 0/],
    [['cancel', '1'], /required option '--reason <text>' not specified/],
    [['cancel', '1', 'two', ...because], /'two' is invalid.*whole number above 0/],
    [['cancel', '1e3', ...because], /'1e3' is invalid/],
    [['goto', '1', ...because], /missing required argument 'job'/],
    [
      ['pipelines', '--status', 'asleep'],
      /it must be one of pending, delayed, in_process, held, failed, success, cancelled/,
    ],
    [['pipelines', '--object', 'issue'], /it must look like issue\/7/],
    [['logs', '--pipeline', 'x'], /whole number above 0/],
  ])('%j is wrong: exit code 2, nothing on stdout', async (args, message) => {
    const { exitCode, stdout, stderr } = await runJobs(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('tells all mistakes of a settings file in one message: exit code 2', async () => {
    const file = join(area, 'settings.env');
    await writeFile(file, 'QUEUES=io=0\nDPI=fine\nSHUTDOWN_GRACE=soon\nLOG_LEVEL=info\n');
    for (const command of [['status'], ['watch'], ['run-one'], ['cancel', '1', ...because]]) {
      const { exitCode, stdout, stderr } = await runJobs(...command, '--settings', file);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toMatch(
        /^The settings have 3 mistakes:\n( {2}(QUEUES|DPI|SHUTDOWN_GRACE)=.* \(.*settings\.env line \d\): must be .*\n){3}$/,
      );
    }
  });

  it('names an unknown pipeline and where to look: exit code 1', async () => {
    for (const args of [
      ['show', '77'],
      ['logs', '--pipeline', '77'],
      ['goto', '77', '10', ...because],
    ])
      expect(await runJobs(...args)).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: 'there is no pipeline 77 (run-jobs pipelines lists them)\n',
      });
  });

  it('says so when nobody listens at the address of the database', async () => {
    const { exitCode, stderr } = await run('run-jobs', ['status'], { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^.*127\.0\.0\.1:1.*is PostgreSQL running, is DATABASE_URL right\?\n$/);
  });
});

describe('status', () => {
  it('says in words that there is nothing', async () => {
    const text = await ok('status');
    expect(text).toMatch(
      /no runner is alive: start one with run-jobs watch[\s\S]*all queues are empty[\s\S]*nothing is running[\s\S]*0 failed, 0 held, 0 delayed[\s\S]*nothing stands/,
    );
    expect(await json<Status>('status')).toEqual({
      queues: [],
      unknown_types: [],
      runners: [],
      running: [],
      counts: { failed: 0, held: 0, delayed: 0 },
      standing: [],
      progress: { store: 'PostgreSQL', trouble: null },
    });
  });

  it('shows queues, runners, running jobs with their progress, and what stands', async () => {
    await rows(
      own,
      `insert into runners (id, host, pid, boot_id, version, queues) values (1, 'mill', 42, 'b', '9.9', '{"io": 1, "cpu": 3}')`,
    );
    const [running, , failed, delayed, held] = [
      await given('in_process', { description: 'the long one' }),
      await given('pending'),
      await given('failed', { description: 'evil \u001b]0;title\u0007\u202e' }),
      await given('delayed'),
      await given('held'),
    ];
    await rows(own, `insert into progress (pipeline_id, sequence, done, total, unit) values ($1, 10, 4, 16, 'pages')`, [
      running,
    ]);
    const text = await ok('status');
    expect(text).toMatch(/^1 +mill +42 +9\.9 +io=1,cpu=3 +1 /m);
    expect(text).toMatch(/^fast +1 +1 +1 /m);
    expect(text).toMatch(
      new RegExp(`^${running} +Tidy: the long one +10 remove_file +fast .*#####\\.{15} 4/16 pages$`, 'm'),
    );
    expect(text).toContain('1 failed, 1 held, 1 delayed');
    const line = (id: number | undefined) => text.split('\n').find((l) => l.startsWith(`${id} `));
    expect(line(failed)).toMatch(
      /failed .*evil \\u\{1b\}\]0;title\\u\{7\}\\u\{202e\} +remove_file +2 h ago +the disk was full$/,
    );
    expect(line(held)).toMatch(/held .*page_review +3 d ago +rename them$/);
    expect(line(delayed)).toMatch(/delayed .*again in 30 min: the disk was busy$/);

    const status = await json<Status>('status');
    expect(status).toMatchObject({
      queues: [{ queue: 'fast', pending: 1, in_process: 1, delayed: 1 }],
      runners: [{ id: 1, host: 'mill', pid: 42, running: 1 }],
      running: [{ pipeline_id: running, sequence: 10, type: 'remove_file', done: 4, total: 16, unit: 'pages' }],
      counts: { failed: 1, held: 1, delayed: 1 },
    });
    expect(status.standing.map((p) => p.id)).toEqual([failed, held, delayed]);
  });

  it('counts from its failure how long something stands that had been held before', async () => {
    const id = await given('failed');
    await rows(own, `update pipelines set held_at = now() - interval '30 days' where id = $1`, [id]);
    expect(await ok('status')).toMatch(new RegExp(`^${id} .*2 h ago`, 'm'));
  });

  it('prints it again and again with --watch, until interrupted', async () => {
    const watching = start('run-jobs', ['status', '--watch'], env);
    await until('it has printed once', () => watching.stdout().includes('nothing stands'));
    const id = await given('failed');
    await until('it has printed again', () => watching.stdout().includes(`\n${id} `));
    watching.child.kill('SIGINT');
    expect(await watching.ended).toEqual({ code: null, signal: 'SIGINT' });
    expect(watching.stderr()).toBe('');
  });
});

describe('pipelines', () => {
  it('lists them newest first, filtered, in pages', async () => {
    const ids = [
      await given('success', { name: 'A', object: { type: 'issue', id: 7 } }),
      await given('failed', { name: 'A' }),
      await given('held', { name: 'B', description: 'a\u001b[2Jb' }),
      await given('pending', { name: 'B', object: { type: 'issue', id: 7 } }),
      await given('cancelled', { name: 'B', object: { type: 'batch', id: 7 } }),
    ] as const;
    const listed = async (...args: string[]) =>
      (await json<{ id: number }[]>('pipelines', ...args)).map(({ id }) => ids.indexOf(id as never));
    const lists = await Promise.all([
      listed(),
      listed('--limit', '2'),
      listed('--limit', '2', '--before', String(ids[3])),
      listed('--name', 'A'),
      listed('--status', 'failed'),
      listed('--object', 'issue/7'),
      listed('--object', 'issue/7', '--status', 'pending', '--name', 'B'),
      listed('--name', 'C'),
    ]);
    expect(lists).toEqual([[4, 3, 2, 1, 0], [4, 3], [2, 1], [1, 0], [1], [3, 0], [3], []]);
    const [head, ...lines] = (await ok('pipelines')).trimEnd().split('\n');
    expect(head).toMatch(/^PIPELINE +STATUS +NAME +ABOUT +BY/);
    expect(lines).toHaveLength(5);
    expect(lines[2]).toMatch(new RegExp(`^${ids[2]} +held: page_review +B +a\\\\u\\{1b\\}\\[2Jb +tester`));
    expect(await ok('pipelines', '--name', 'C')).toBe('no pipelines\n');
  });

  it('ends quietly when whoever reads has seen enough', async () => {
    await enqueued(
      own,
      ...Array.from({ length: 3000 }, () => plan({ description: 'x'.repeat(200), jobs: removals(1) })),
    );
    const script = `${resolve('bin/run-jobs')} pipelines --limit 3000 | head -n 2; echo "$\{PIPESTATUS[0]}"`;
    const shell = spawn('bash', ['-c', script], {
      env: { PATH: process.env['PATH'], PRESSMARK_SETTINGS: '/dev/null', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^PIPELINE/),
      expect.stringMatching(/^3000 /),
      '0',
    ]);
  });
});

describe('a pipeline that failed', () => {
  it('is run, shown, requeued, moved and skipped until it is done', async () => {
    const id = await enqueuedOne(own, doomed());
    expect(await ok('run-one')).toBe(`ran job 10 (sync_recursive) of pipeline ${id}: now failed\n`);
    expect(await ok('run-one')).toBe('nothing is runnable now\n');
    expect(await json('run-one')).toBeNull();

    const text = await ok('show', String(id));
    expect(text).toMatch(new RegExp(`^pipeline ${id} Tidy: a test is failed\n`));
    expect(text).toMatch(/^10 +sync_recursive +io +failed +1 .*one is in the other/m);
    expect(text).toMatch(/^20 +remove_file +fast +waiting +0 /m);
    expect(text).toMatch(/engine: failed \{.*one is in the other/);
    const shown = await json<{ pipeline: unknown; jobs: unknown[]; decisions: unknown[]; events: { kind: string }[] }>(
      'show',
      String(id),
    );
    expect(shown).toMatchObject({
      pipeline: { id, status: 'failed', next_sequence: 10 },
      jobs: [{ sequence: 10, status: 'failed', failures: 1 }, { sequence: 20 }],
      decisions: [],
    });
    expect(shown.events.map((event) => event.kind)).toEqual(['failed']);
    expect(await ok('logs', '--pipeline', String(id))).toMatch(
      new RegExp(`ERROR ${id}\\.10 sync_recursive: failed: .*one is in the other`),
    );

    expect(await ok('requeue', String(id), '--reason', 'disk is back')).toBe(`pipeline ${id} requeued: now pending\n`);
    expect(await json('goto', String(id), '20', ...because)).toEqual({ id, sequence: 20, status: 'pending' });
    expect(await json('run-one')).toEqual({ pipelineId: id, sequence: 20, type: 'remove_file', status: 'success' });
    expect(await pipelineRow(own, id)).toMatchObject({ status: 'success' });
    expect(await eventKinds(own, id)).toEqual(['failed', 'requeued', 'goto']);
    const told = await rows(own, `select actor, detail ->> 'reason' as reason from events where kind = 'requeued'`);
    expect(told).toEqual([{ actor: 'tester', reason: 'disk is back' }]);
  });

  it('is retried after a while when it may help, and run-one says so', async () => {
    const id = await enqueuedOne(
      own,
      plan({ jobs: [splitPages({ source: join(area, 'unmounted', 'upload'), output: join(area, 'pages') })] }),
    );
    expect(await json('run-one')).toMatchObject({ pipelineId: id, status: 'delayed' });
    const [{ waits } = { waits: 0 }] = await rows<{ waits: number }>(
      own,
      `select extract(epoch from run_at - (select at from events where kind = 'failed_attempt'))::float8 as waits from pipelines`,
    );
    expect(waits).toBeGreaterThan(14); // 16 s, up to a tenth sooner
    expect(waits).toBeLessThan(17);
    await rows(own, `update pipelines set run_at = now() + interval '30 minutes'`); // the next program may take a while to start
    expect(await ok('show', String(id))).toMatch(
      /is delayed\ngoes on by itself in 30 min\n[\s\S]* pending +1 .*is its disk mounted/,
    );
    expect(await json('requeue', String(id), ...because)).toEqual([{ id, status: 'pending' }]);
    expect(await ok('skip', String(id), ...because)).toBe(`pipeline ${id} moved on: now success\n`);
  });
});

describe('verbs', () => {
  it('do what they can: one refusal does not stop the others, and makes the exit code 1', async () => {
    const [pending, success, failed] = [await given('pending'), await given('success'), await given('failed')];
    const ids = [pending, success, 77, failed].map(String);
    expect(await runJobs('cancel', ...ids, ...because)).toEqual({
      exitCode: 1,
      stderr: '',
      stdout: `pipeline ${pending} cancelled: now cancelled
pipeline ${success} cannot be cancelled: it is success (only an open pipeline can be cancelled)
there is no pipeline 77 (run-jobs pipelines lists them)
pipeline ${failed} cancelled: now cancelled
`,
    });
    const again = await runJobs('cancel', String(success), String(await given('held')), ...because, '--json');
    expect(again.exitCode).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject([
      { id: success, refused: expect.stringContaining('it is success') as string },
      { status: 'cancelled' },
    ]);
  });

  it.each<[string[], string, RegExp]>([
    [
      ['requeue', 'ID'],
      'held',
      /cannot be requeued: it is held \(requeue takes failed and delayed pipelines; goto moves the others\)/,
    ],
    [['requeue', 'ID'], 'pending', /cannot be requeued: it is pending/],
    [
      ['skip', 'ID'],
      'in_process',
      /cannot be moved past its job: it is in_process \(cancel a running pipeline, or wait for its job to end\)/,
    ],
    [
      ['goto', 'ID', '10'],
      'success',
      /cannot be moved: it is success \(only an open pipeline whose job is not running can be moved\)/,
    ],
    [['goto', 'ID', '15'], 'failed', /has no job 15 \(run-jobs show lists its jobs\)/],
    [['goto', 'ID', '99999999999'], 'failed', /99999999999/],
  ])('%j refuses a pipeline that is %s and says what would do', async (args, status, message) => {
    const id = await given(status);
    const { exitCode, stdout, stderr } = await runJobs(
      ...args.map((arg) => (arg === 'ID' ? String(id) : arg)),
      ...because,
    );
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toMatch(message);
    expect(stdout + stderr).not.toMatch(/\n +at /);
    expect((await pipelineRow(own, id)).status).toBe(status);
    expect(await eventKinds(own, id)).toEqual([]);
  });
});

describe('logs', () => {
  const say = (id: number, message: string, level = 'info') =>
    rows(
      own,
      `insert into job_logs (pipeline_id, sequence, attempt, at, level, message, fields) values ($1, 10, 2, '2026-01-02T03:04:05Z', $2, $3, '{"file": "a\\u001bb"}')`,
      [id, level, message],
    );

  it('tells the newest lines, oldest first, of all or of one', async () => {
    const [one, two] = [await given('pending'), await given('pending')];
    await say(one, 'first');
    await say(two, 'other');
    await say(one, 'second\u001b[1m\nline', 'warn');
    const messages = async (...args: string[]) =>
      (await json<{ message: string }[]>('logs', ...args)).map((line) => line.message);
    expect(await messages()).toEqual(['first', 'other', 'second\u001b[1m\nline']);
    expect(await messages('--last', '2')).toEqual(['other', 'second\u001b[1m\nline']);
    expect(await messages('--pipeline', String(two))).toEqual(['other']);
    const lines = (await ok('logs', '--pipeline', String(one))).trimEnd().split('\n');
    expect(lines[0]).toBe(`2026-01-02T03:04:05.000Z INFO  ${one}.10 remove_file (run 2): first {"file":"a\\u001bb"}`);
    expect(lines[1]).toBe(
      `2026-01-02T03:04:05.000Z WARN  ${one}.10 remove_file (run 2): second\\u{1b}[1m line {"file":"a\\u001bb"}`,
    );
    expect(lines).toHaveLength(2);
  });

  it('follows until interrupted: each line once, also one a line', async () => {
    const [id, other] = [await given('pending'), await given('pending')];
    await say(id, 'there before');
    const [people, machines] = [[], ['--json']].map((more) =>
      start('run-jobs', ['logs', '--pipeline', String(id), '--follow', ...more], env),
    ) as [ReturnType<typeof start>, ReturnType<typeof start>];
    await until('both have said the first', () => [people, machines].every((p) => p.stdout().includes('there before')));
    await say(other, 'of another');
    await say(id, 'written later');
    await until('both have said the second', () =>
      [people, machines].every((p) => p.stdout().includes('written later')),
    );
    await say(id, 'and last');
    await until('both have said the third', () =>
      [people, machines].every((p) => p.stdout().endsWith('\n') && p.stdout().includes('and last')),
    );
    for (const { child } of [people, machines]) child.kill('SIGINT');
    expect(await Promise.all([people.ended, machines.ended])).toEqual(Array(2).fill({ code: null, signal: 'SIGINT' }));
    expect(
      people
        .stdout()
        .trimEnd()
        .split('\n')
        .map((line) => /: (.*) \{/.exec(line)?.[1]),
    ).toEqual(['there before', 'written later', 'and last']);
    expect(
      machines
        .stdout()
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { message: string }).message),
    ).toEqual(['there before', 'written later', 'and last']);
  });
});
