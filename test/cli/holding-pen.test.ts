import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { removeFile } from '../../src/files/jobs.js';
import { askPageReview } from '../../src/newspapers/jobs/ask-page-review.js';
import { splitPages } from '../../src/newspapers/jobs/split-pages.js';
import { enqueuedOne, eventKinds, pipelineRow, rows, useDatabase } from '../engine/support.js';
import { givenIssue } from '../newspapers/rows.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { run, succeed, succeedJson, type Ran } from './run-program.js';

const own = useDatabase();
let area: string;
let env: Record<string, string>;
beforeEach(async () => {
  area = await temporaryDirectory();
  env = { DATABASE_URL: own.url, LOG_LEVEL: 'fatal', WORKFLOW_PATH: join(area, 'workflow') };
  await own.database.pool.query('truncate newspapers.titles, newspapers.orgs restart identity cascade');
});

const pen = (...args: string[]) => run('holding-pen', args, env);
const ok = (...args: string[]): Promise<string> => succeed('holding-pen', args, env);
const json = <T>(...args: string[]): Promise<T> => succeedJson<T>('holding-pen', args, env);
const refused = (message: string): Ran => ({ exitCode: 1, stdout: '', stderr: `${message}\n` });

/** An issue whose split pages lie in the page-review folder, at the question of its pipeline; asked by the real job. */
async function givenPageReview(...files: string[]): Promise<{ id: number; folder: string }> {
  const folder = join(area, 'review');
  await mkdir(folder);
  for (const name of files) await writeFile(join(folder, name), name);
  const issue = await givenIssue(own.database.kysely, 'sn12345678', { location: folder });
  const id = await enqueuedOne(own, {
    name: 'TakeInUpload',
    description: `issue ${issue.key}`,
    object: { type: 'issue', id: issue.id },
    jobs: [
      splitPages({ source: join(area, 'upload'), output: join(area, 'pages') }),
      askPageReview({ issueId: issue.id, location: folder }),
    ],
  });
  await rows(own, `update jobs set status = 'success', completed_at = now() where sequence = 10`);
  await rows(own, `insert into newspapers.pages (issue_id, number) select ${issue.id}, n from generate_series(1, 3) n`);
  await rows(own, `update pipelines set next_sequence = 20, queue = 'fast'`);
  expect(await runOne()).toMatchObject({ status: 'held', type: 'page_review' });
  return { id, folder };
}
async function runOne(): Promise<unknown> {
  const { stdout, stderr } = await run('run-jobs', ['run-one', '--json'], env);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** A pipeline that stands as the columns say. */
async function given(description: string, columns: string): Promise<number> {
  const jobs = [removeFile({ location: join(area, 'x') })];
  const id = await enqueuedOne(own, { name: 'Tidy', description, jobs });
  await rows(own, `update pipelines set ${columns} where id = $1`, [id]);
  return id;
}
const asks = (action: string, days: number, kind = 'person') =>
  `status = 'held', hold_kind = '${kind}', hold_action = ${action === '' ? 'null' : `'${action}'`}, hold_rev = 1, hold_message = 'look', held_at = now() - interval '${days} days'`;
const failed = (days: number) =>
  `status = 'failed', error = '{"message": "the disk was full"}', step_started_at = now() - interval '${days} days', held_at = now() - interval '99 days'`;
const RUNNER_DIED = `${asks('runner_died', 1)}, hold_role = 'sysadmin', rescues = 4`;

describe('usage', () => {
  it.each<[string[], RegExp]>([
    [[], /Usage: holding-pen/],
    [['answer', '1'], /unknown command 'answer'/],
    [['show', 'x'], /'x' is invalid.*whole number above 0/],
    [['decide', '1'], /missing the answer: decide PIPELINE VERB/],
    [['decide', 'done'], /missing the answer/],
    [['decide', '1', '2'], /missing the answer/],
    [['decide', 'x', 'done'], /'x' is no number of a pipeline/],
    [['decide', '1', '2', 'done', '--rev', '1'], /--rev is of one pipeline/],
    [['decide', '1', 'done', '--rev', '0'], /whole number above 0/],
    [['decide', '1', 'done', '--set', 'deletedPages'], /it must look like name=value/],
    [['list', '--limit', '-1'], /whole number above 0/],
    [['list', '--age', '3'], /a span like 30min, 12h, 3d or 2w/],
    [['claim'], /missing required argument 'pipeline'/],
    [['assign', '1'], /required option '--to <login>'/],
    [['snooze', '1', '--reason', 'r'], /say one of --until, --for and --end/],
    [['snooze', '1', '--for', '3d', '--end'], /say one of/],
    [['snooze', '1', '--for', '3d'], /--reason is needed/],
    [['snooze', '1', '--until', '2027-02-30', '--reason', 'r'], /a day like 2027-01-15/],
    [['claim', '1', '--as', ' '], /it must be a login/],
  ])('%j is wrong: exit code 2, nothing on stdout', async (args, message) => {
    const { exitCode, stdout, stderr } = await pen(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('holding-pen list', () => {
  it('says so when nothing waits', async () => {
    expect(await ok('list')).toBe('nothing waits for anybody\n');
    expect(await json('list')).toEqual([]);
  });

  it('lists what waits for a person, oldest first, then what failed; the rest only with --all', async () => {
    const recent = await given('the recent \u001b[8mone', `${asks('page_review', 2)}, hold_role = 'page reviewer'`);
    const old = await given(
      'the old one',
      `${asks('metadata_entry', 5)}, assignee = 'ada', assigned_until = now() + interval '1 day'`,
    );
    const newly = await given('newly failed', failed(1));
    const long = await given('long failed', failed(50));
    const timer = await given('the timer', `${asks('', 80, 'timer')}, wake_at = now() + interval '1 hour'`);
    await given('running', `status = 'pending'`);
    const ids = async (...args: string[]) => (await json<{ id: number }[]>('list', ...args)).map((p) => p.id);
    const lists = await Promise.all([
      ids(),
      ids('--all'),
      ids('--action', 'page_review'),
      ids('--action', 'none'),
      ids('--limit', '1'),
    ]);
    expect(lists).toEqual([[old, recent, long, newly], [old, recent, long, newly, timer], [recent], [], [old]]);

    const [head, ...lines] = (await ok('list')).trimEnd().split('\n');
    expect(head).toMatch(/^PIPELINE +QUESTION +ABOUT +FOR +SINCE +MESSAGE$/);
    expect(lines.map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
      `${old} | metadata_entry | the old one | ada | 5 d ago | look`,
      `${recent} | page_review | the recent \\u{1b}[8mone | page reviewer | 2 d ago | look`,
      `${long} | FAILED | long failed | sysadmin | 50 d ago | the disk was full`,
      `${newly} | FAILED | newly failed | sysadmin | 24 h ago | the disk was full`,
    ]);
  });
});

describe('a page review', () => {
  it('is shown with its question, its folder, its answers and its history', async () => {
    const { id, folder } = await givenPageReview('seq-0001.pdf', '2.pdf', '3.pdf');
    expect(await ok('list')).toMatch(
      new RegExp(
        `^${id} +page_review +issue sn12345678/1856051001 +page reviewer .*1 of 3 pages still have the names of the split`,
        'm',
      ),
    );
    const text = await ok('show', String(id));
    expect(text).toMatch(
      new RegExp(`^pipeline ${id} TakeInUpload: issue sn12345678/1856051001 is held
question 1: put the pages in order: .*
for: page reviewer; may answer: issue curator, issue manager, issue reviewer, workflow manager
now: 1 of 3 pages still .*
waiting: a few minutes
answers:
  holding-pen decide ${id} done +the pages are in order: go on at once
      --set deletedPages=... +how many pages were deleted on purpose
(?: .*
)*looks again by itself in \\d[^\n]*
directory: ${folder}
$`),
    );
    expect(await json('show', String(id))).toMatchObject({
      pipeline: { id, status: 'held', hold_action: 'page_review' },
      holdRev: 1,
      needsClaim: false,
      decisions: [],
    });
  });

  it('refuses what is no answer, and says what is', async () => {
    const { id } = await givenPageReview('seq-0001.pdf');
    const decide = (...args: string[]) => pen('decide', String(id), ...args);
    expect(await decide('approve')).toEqual(
      refused('approve is no answer to page_review (it takes: done, report_error, remove, redo)'),
    );
    expect((await decide('dnoe')).stderr).toMatch(
      /^dnoe is no answer to page_review \(did you mean done\? it takes: done/,
    );
    expect((await decide('constructor')).stderr).toMatch(/^constructor is no answer to page_review \(it takes: /);
    for (const value of ['two', '-1', '1.5', '', ' '])
      expect(await decide('done', '--set', `deletedPages=${value}`)).toMatchObject({
        exitCode: 1,
        stdout: '',
        stderr: expect.stringMatching(/^the parameters do not fit done \(deletedPages: .*\)\n$/) as string,
      });
    const { exitCode, stderr } = await decide('done', '--set', 'deletePages=1');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/do not fit done .*deletePages/) as string,
    });
    expect(await decide('done', '--rev', '2')).toEqual(
      refused(
        `question 2 of pipeline ${id} is out of date: it now asks question 1 (page_review) (look at it again, then decide)`,
      ),
    );
    expect(await rows(own, 'select from decisions')).toHaveLength(0);
    expect((await pipelineRow(own, id)).status).toBe('held');
  });

  it('is decided once, and the job runs again with the answer', async () => {
    const { id } = await givenPageReview('1.pdf', '2.pdf');
    expect(
      await ok('decide', String(id), 'done', '--set', 'deletedPages=1', '--comment', 'page 3 was \u001b[5mblank'),
    ).toBe(`decided done on question 1 of pipeline ${id}: now pending\n`);
    expect(await rows(own, 'select hold_rev, verb, params, comment, actor, via from decisions')).toEqual([
      {
        hold_rev: 1,
        verb: 'done',
        params: expect.objectContaining({ deletedPages: 1 }) as unknown,
        comment: 'page 3 was \u001b[5mblank',
        actor: 'tester',
        via: 'cli',
      },
    ]);
    expect(await pen('decide', String(id), 'done')).toEqual(
      refused(`question 1 of pipeline ${id} has been answered already (tester decided done)`),
    );
    expect(await pen('decide', String(id), 'done', '--rev', '1')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('answered already') as string,
    });
    expect(await ok('show', String(id))).toMatch(/Z tester decided done: page 3 was \\u\{1b\}\[5mblank\n$/);
    expect(await runOne()).toMatchObject({ pipelineId: id, status: 'success' });
    expect((await eventKinds(own, id)).slice(0, 2)).toEqual(['held', 'decided']);
    expect(await rows(own, `select name, status from pipelines where id <> $1`, [id])).toEqual([
      { name: 'MakeDerivatives', status: 'pending' },
    ]);
    expect(await pen('decide', String(id), 'done', '--rev', '9')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/asks nothing: it is success/) as string,
    });
  });

  it('asks a new question when the answer was wrong; the old one is out of date', async () => {
    const { id } = await givenPageReview('1.pdf', '2.pdf');
    await ok('decide', String(id), 'done');
    expect(await runOne()).toMatchObject({ status: 'held' });
    expect(await ok('show', String(id))).toMatch(
      /question 2: [\s\S]*now: not yet: 2 pages are here, but the split made 3/,
    );
    expect(await pen('decide', String(id), 'done', '--rev', '1', '--set', 'deletedPages=1')).toMatchObject({
      exitCode: 1,
    });
    expect(await json('decide', String(id), 'done', '--rev', '2', '--set', 'deletedPages=1')).toEqual([
      { id, holdRev: 2, verb: 'done', status: 'pending' },
    ]);
  });

  it('takes one of two answers given at once', async () => {
    const { id } = await givenPageReview('1.pdf', '2.pdf', '3.pdf');
    const both = await Promise.all([
      pen('decide', String(id), 'done', '--rev', '1'),
      pen('decide', String(id), 'done', '--rev', '1'),
    ]);
    expect(both.map((ran) => ran.exitCode).sort()).toEqual([0, 1]);
    expect(both.find((ran) => ran.exitCode === 1)?.stderr).toMatch(/answered already/);
  });
});

describe('other questions', () => {
  it('retries or cancels a job whose runner died again and again', async () => {
    const [one, two] = [await given('one', RUNNER_DIED), await given('two', RUNNER_DIED)];
    expect(await ok('show', String(one))).toMatch(
      new RegExp(
        `runner died again and again\nfor: sysadmin; may answer: sysop\nnow: look\nwaiting: about a day\nanswers:\n  holding-pen decide ${one} retry +the job runs again\n  holding-pen decide ${one} cancel +the pipeline ends here\n`,
      ),
    );
    expect(await pen('decide', String(one), 'done')).toEqual(
      refused('done is no answer to runner_died (it takes: retry, cancel)'),
    );
    expect(await ok('decide', String(one), 'retry')).toBe(
      `decided retry on question 1 of pipeline ${one}: now pending\n`,
    );
    expect(await pipelineRow(own, one)).toMatchObject({ status: 'pending', rescues: 0, hold_action: null });
    expect(await ok('decide', String(two), 'cancel', '--comment', 'bad disk')).toContain('now cancelled');
    expect(await pipelineRow(own, two)).toMatchObject({ status: 'cancelled' });
    expect(await runOne()).toMatchObject({ pipelineId: one, status: 'success' });
  });

  it('says of a failed intake what helps an issue, not what would help any pipeline', async () => {
    const { id: issue } = await givenIssue(own.database.kysely, 'sn12345678');
    const id = await given(
      'an intake',
      `name = 'TakeInUpload', object_type = 'issue', object_id = ${issue}, ${failed(1)}`,
    );
    const remedies =
      '"bin/issues resume sn12345678/1856051001" lets it go on where it failed, "bin/issues cancel-intake sn12345678/1856051001 --reason TEXT" takes it back, so that it can be queued again';
    expect(await ok('show', String(id))).toBe(
      `pipeline ${id} TakeInUpload: an intake is failed\nerror: the disk was full\nanswers: ${remedies}\n`,
    );
    expect(await json('show', String(id))).toMatchObject({ remedies });
  });

  it('says what to do with a pipeline that failed, and that one asks nothing', async () => {
    const [broken, fine] = [await given('broken', failed(1)), await given('fine', `priority = 1`)];
    expect(await ok('show', String(broken))).toBe(`pipeline ${broken} Tidy: broken is failed
error: the disk was full
answers: run-jobs requeue ${broken}, run-jobs skip ${broken}, run-jobs cancel ${broken}
`);
    expect(await ok('show', String(fine))).toBe(`pipeline ${fine} Tidy: fine is pending\nit asks nothing\n`);
    for (const [id, status] of [
      [broken, 'failed'],
      [fine, 'pending'],
    ] as const)
      expect(await pen('decide', String(id), 'done')).toEqual(
        refused(`pipeline ${id} asks nothing: it is ${status} (holding-pen list shows what does)`),
      );
  });

  it('refuses those it does not know, answers that are none, and pipelines that are none', async () => {
    const [unknown, other] = [await given('u', asks('of_the_future', 1)), await given('m', asks('metadata_entry', 1))];
    expect(await pen('decide', String(unknown), 'done')).toEqual(
      refused('this program does not know the question of_the_future (use the version that asked it)'),
    );
    expect(await pen('decide', String(other), 'done')).toEqual(
      refused('done is no answer to metadata_entry (it takes: submit, draft, report_error)'),
    );
    expect(await ok('show', String(other))).toMatch(
      /\nfirst: holding-pen claim \d+\nanswers:\n {2}holding-pen decide \d+ submit/,
    );
    expect(await pen('show', '77')).toEqual(refused('there is no pipeline 77 (holding-pen list shows what waits)'));
    expect(await pen('decide', '77', 'done')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^there is no pipeline 77/) as string,
    });
    expect(await pen('decide', '77', 'done', '--rev', '1')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^there is no pipeline 77/) as string,
    });
  });
});

describe('desks', () => {
  it('claims, refuses to others, releases; and shows whose it is', async () => {
    const [one, two] = [await given('one', asks('metadata_entry', 1)), await given('two', asks('metadata_entry', 2))];
    expect(await ok('claim', String(one), '--as', 'ada')).toBe(`pipeline ${one} is claimed by ada for 7 days\n`);
    const taken = expect.stringMatching(
      new RegExp(`^pipeline ${one} is claimed by ada until .* \\(wait, or have it released\\)\n$`),
    ) as string;
    expect(await pen('claim', String(one), String(two), String(two))).toEqual({
      exitCode: 1,
      stdout: `pipeline ${two} is claimed by tester for 7 days\n`,
      stderr: taken,
    });
    const ids = async (...args: string[]) => (await json<{ id: number }[]>('list', ...args)).map((p) => p.id);
    expect(await ids('--assignee', 'me')).toEqual([two]);
    expect(await ids('--assignee', 'me', '--as', 'ada')).toEqual([one]);
    expect(await ids('--assignee', 'none')).toEqual([]);
    const text = await ok('show', String(one));
    expect(text).toMatch(/^claimed by ada until \d{4}-\d\d-\d\d \d\d:\d\d UTC$/m);
    expect(text).toMatch(/Z ada claimed\n$/);
    expect(await ok('release', String(two))).toBe(`pipeline ${two} is released\n`);
    expect(await ok('assign', String(one), String(two), '--to', 'ben')).toBe(
      `pipeline ${one} is assigned to ben for 7 days\npipeline ${two} is assigned to ben for 7 days\n`,
    );
    expect(await rows(own, `select actor, via from events where kind = 'claimed' order by id`)).toEqual([
      { actor: 'ada', via: 'holding-pen (tester)' }, // who really typed it
      { actor: 'tester', via: 'holding-pen' },
    ]);
  });

  it('of two that claim at once one has it', async () => {
    const id = await given('one', asks('metadata_entry', 1));
    const both = await Promise.all(['ada', 'ben'].map((login) => pen('claim', String(id), '--as', login)));
    expect(both.map((ran) => ran.exitCode).sort()).toEqual([0, 1]);
    expect(both.find((ran) => ran.exitCode === 1)?.stderr).toMatch(/is claimed by (ada|ben) until/);
  });

  it('puts off with a reason, says until when, and shows it again', async () => {
    const id = await given('one', asks('metadata_entry', 1));
    expect(await ok('snooze', String(id), '--for', '3d', '--reason', 'the vendor rescans')).toMatch(
      new RegExp(`^pipeline ${id} is hidden until \\d{4}-`),
    );
    expect(await ok('list')).toBe('nothing waits for anybody\n');
    expect(await ok('list', '--snoozed')).toMatch(
      /put off until \d{4}-\d\d-\d\d \d\d:\d\d UTC: the vendor rescans \| look/,
    );
    expect(await ok('show', String(id))).toMatch(/^put off until .*: the vendor rescans$/m);
    expect(await ok('snooze', String(id), '--end')).toBe(`pipeline ${id} is shown again\n`);
    expect(await json('list')).toHaveLength(1);
    expect((await pen('snooze', String(id), '--until', '2020-01-01', '--reason', 'r')).stderr).toMatch(/that is past/);
  });

  it('wakes', async () => {
    const id = await given('one', `${asks('metadata_entry', 1)}, wake_at = now() + interval '1 day'`);
    expect(await ok('wake', String(id))).toBe(`pipeline ${id} looks again: now pending\n`);
    expect(await pen('wake', String(id))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/cannot be woken/) as string,
    });
  });
});

describe('several at once', () => {
  it('are decided each on its own: what is refused is told, the rest is done, exit code 1', async () => {
    const [one, two, three] = [
      await given('1', RUNNER_DIED),
      await given('2', failed(1)),
      await given('3', RUNNER_DIED),
    ];
    const { exitCode, stdout, stderr } = await pen('decide', ...[one, two, three, 99].map(String), 'retry');
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: `decided retry on question 1 of pipeline ${one}: now pending\ndecided retry on question 1 of pipeline ${three}: now pending\n`,
      stderr: `pipeline ${two} asks nothing: it is failed (holding-pen list shows what does)\nthere is no pipeline 99 (run-jobs pipelines lists them)\n`,
    });
  });

  it('are told as one array to machines', async () => {
    const [one, two] = [await given('1', RUNNER_DIED), await given('2', failed(1))];
    const ran = await pen('decide', String(one), String(two), 'retry', '--json');
    expect(ran.exitCode).toBe(1);
    expect(JSON.parse(ran.stdout)).toEqual([
      { id: one, verb: 'retry', holdRev: 1, status: 'pending' },
      { id: two, refused: expect.stringContaining('asks nothing') as string },
    ]);
  });
});

describe('holding-pen facets', () => {
  it('counts what waits by what people filter by', async () => {
    await given('one', `${asks('page_review', 2)}, hold_role = 'page reviewer'`);
    await given('two', asks('page_review', 40));
    await given('three', failed(1));
    const text = await ok('facets');
    expect(text).toMatch(/^ACTION +COUNT\npage_review +2\nFAILED +1\n/);
    expect(text).toMatch(/^AGE +COUNT\n1 to 7 days +\d\n/m);
    expect(text).toMatch(/\n\n3 in all\n$/);
    expect(await json('facets', '--failed')).toMatchObject({ total: 1, action: [{ value: 'FAILED', count: 1 }] });
    expect(await ok('facets', '--text', 'nothing like it')).toBe('nothing waits for anybody\n');
  });
});
