import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ProgressBar } from '../../src/cli/progress-bar.js';
import { removeEmbeddedPostgres } from '../../src/database/embedded.js';
import { closeThreads } from '../../src/files/threads.js';
import { acceptFiles } from '../../src/newspapers/accept-files.js';
import { setIssueColumns, type Issue } from '../../src/newspapers/issues.js';
import { givenIssue } from '../newspapers/rows.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { run, type Ran } from './run-program.js';

let own: TestDatabase;
let area: string;
let env: Record<string, string>;
beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(async () => {
  await closeThreads();
  await own.drop();
});
beforeEach(async () => {
  await own.database.pool.query(
    'truncate newspapers.titles, newspapers.orgs, pipelines, events, file_sets restart identity cascade',
  );
  area = await temporaryDirectory();
  env = { DATABASE_URL: own.url, ERRORED_ISSUES_PATH: join(area, 'errors') };
});

/** An issue with a page and its derivatives in the workflow area, all recorded. */
async function given(date: string): Promise<{ issue: Issue; at: (name: string) => string }> {
  const directory = join(area, date);
  await mkdir(directory);
  for (const name of ['0001.pdf', '0001.jp2', '0001.xml']) await writeFile(join(directory, name), `${date} ${name}`);
  const issue = await givenIssue(own.database.kysely, 'sn1', { date, location: directory });
  await acceptFiles(own.database.kysely, issue.id, { actor: 'a test', reason: 'a test' });
  return { issue, at: (name) => join(directory, name) };
}

describe('issues verify', () => {
  const verify = (...args: string[]): Promise<Ran> => run('issues', ['verify', ...args], env);

  it('is silent about sound issues and ends with 0', async () => {
    await given('1856-05-10');
    await given('1856-05-17');
    expect(await verify('--all')).toEqual({
      exitCode: 0,
      stdout: '6 files (0.0 MB) read; issues: 2 sound.\n',
      stderr: '',
    });
  });

  it('tells of each damaged issue and of nothing else, writes an event, and ends with 1', async () => {
    const [one, two] = [await given('1856-05-10'), await given('1856-05-17')];
    await writeFile(two.at('0001.jp2'), '1856-05-17 0001.jP2');
    await rm(two.at('0001.xml'));
    const { exitCode, stdout, stderr } = await verify('--all');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(stdout).toMatch(
      /^DAMAGED issue 2 \(sn1\/1856051701\):\n {2}- 0001\.jp2 is 19 bytes with SHA-256 [\da-f]{64}, but was 19 bytes with SHA-256 [\da-f]{64} on .*\n {2}- 0001\.xml is missing \(in .*\)\n5 files \(0\.0 MB\) read; issues: 1 sound, 1 damaged: put back what was recorded, or --accept what is there\.\n$/,
    );
    const { rows } = await own.database.pool.query(`select object_id, actor from events where kind = 'fixity_damaged'`);
    expect(rows).toEqual([{ object_id: two.issue.id, actor: 'tester' }]);
    expect(await verify(one.issue.key)).toMatchObject({ exitCode: 0 });
    const json = await verify(two.issue.key, one.issue.key, '--json');
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      sound: 1,
      damaged: 1,
      wrong: [
        {
          key: 'sn1/1856051701',
          verdict: 'damaged',
          directories: [{ damage: [{ is: 'changed' }, { is: 'missing' }] }],
        },
      ],
    });
  });

  it('--accept records what lies there, with a reason', async () => {
    const { issue, at } = await given('1856-05-10');
    await writeFile(at('0001.pdf'), 'a better scan');
    expect(await verify(String(issue.id))).toMatchObject({ exitCode: 1 });
    expect(await verify(issue.key, '--accept', 'a better scan')).toMatchObject({
      exitCode: 0,
      stdout: 'issue 1: 3 files recorded\n',
    });
    expect(await verify(issue.key)).toMatchObject({ exitCode: 0 });
    const { rows } = await own.database.pool.query(
      `select actor, detail from events where kind = 'files_accepted' order by id desc limit 1`,
    );
    expect(rows).toMatchObject([{ actor: 'tester', detail: { reason: 'a better scan', files: 3 } }]);
  });

  it.each([[[]], [['--all', 'sn1/1856051001']], [['--all', '--accept', 'x']], [['1', '--accept', ' ']], [['sn1']]])(
    '%j is wrong usage: exit code 2',
    async (args) => {
      expect(await verify(...args)).toMatchObject({ exitCode: 2, stdout: '' });
    },
  );

  it('--all of a database without issues does not look like success: it says which database that is', async () => {
    const { exitCode, stdout } = await verify('--all');
    const { pathname } = new URL(own.url);
    expect(stdout).toMatch(
      new RegExp(
        `^NOTHING WAS VERIFIED: there is no issue with recorded files in the database ${pathname.slice(1)} on \\S+\\. Is that the right database\\?\n$`,
      ),
    );
    expect(exitCode).toBe(0); // a new installation is in order
    await given('1856-05-10');
    expect((await verify('--all')).stdout).toContain('1 sound');
  });

  it('--all without settings says that it looked into the private PostgreSQL', { timeout: 120_000 }, async () => {
    const root = await temporaryDirectory();
    const directory = join(root, 'var');
    onTestFinished(() => removeEmbeddedPostgres({ directory }));
    const { exitCode, stdout } = await run('issues', ['verify', '--all'], { VAR_DIRECTORY: directory });
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `NOTHING WAS VERIFIED: there is no issue with recorded files in the private PostgreSQL in ${directory} (no settings name a DATABASE_URL; --settings or $PRESSMARK_SETTINGS names their file). Is that the right database?\n`,
    });
  });

  it('of an issue that is not there says so', async () => {
    expect(await verify('sn1/1856051001')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('there is no issue') as string }); // prettier-ignore
  });
});

describe('page-review-issue-fixer', () => {
  const fix = (...args: string[]): Promise<Ran> => run('page-review-issue-fixer', args, env);
  const inReview = async (date: string) => {
    const { issue } = await given(date);
    await setIssueColumns(own.database.kysely, issue.id, { workflow_step: 'AwaitingPageReview' });
    return issue;
  };

  it('removes all issues of its keys or of its file', async () => {
    const [one, two, three] = [
      await inReview('1856-05-10'),
      await inReview('1856-05-17'),
      await inReview('1856-05-24'),
    ];
    await writeFile(join(area, 'keys.txt'), `${two.key}\r\n\n${three.key}\n`);
    expect(await fix('--key', one.key, '--dry-run')).toMatchObject({ exitCode: 0, stdout: `Would remove ${one.key} (issue 1)\n` }); // prettier-ignore
    expect((await own.database.pool.query('select from pipelines')).rowCount).toBe(0);
    expect(await fix('--key', one.key)).toEqual({ exitCode: 0, stdout: `Removing ${one.key}: issue 1, pipeline 1\n`, stderr: '' }); // prettier-ignore
    expect(await fix('--key-file', join(area, 'keys.txt'))).toMatchObject({ exitCode: 0 });
    const { rows } = await own.database.pool.query('select name, object_id from pipelines order by id');
    expect(rows).toEqual([1, 2, 3].map((id) => ({ name: 'RemoveErroredIssue', object_id: id })));
  });

  it('does nothing at all when one of them is not in review', async () => {
    const [one, other] = [await inReview('1856-05-10'), (await given('1856-05-17')).issue];
    const { exitCode, stdout, stderr } = await fix('--key', one.key, '--key', other.key);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^nothing was done.*\n {2}sn1\/1856051701: it is AwaitingProcessing\n$/);
    expect((await own.database.pool.query('select from pipelines')).rowCount).toBe(0);
  });

  it.each([[[]], [['--key', 'sn1/1856051001', '--key-file', 'x']], [['--key', 'sn1/1856']]])(
    '%j is wrong usage: exit code 2',
    async (args) => {
      expect(await fix(...args)).toMatchObject({ exitCode: 2, stdout: '' });
    },
  );

  it('names every line of the file that is no key', async () => {
    await writeFile(join(area, 'keys.txt'), 'sn1/1856051001\nsn1/18560510\nfoo\n');
    const { exitCode, stderr } = await fix('--key-file', join(area, 'keys.txt'));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/keys\.txt line 2: .*\n.*keys\.txt line 3: /);
    expect(stderr).not.toContain('    at ');
  });
});

describe('a progress bar', () => {
  it('is drawn on a terminal, a few times a second, and taken away', () => {
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000); // no time passes between the two
    onTestFinished(() => now.mockRestore());
    const drawn: string[] = [];
    const bar = new ProgressBar({ isTTY: true, write: (text) => drawn.push(text) });
    bar.show(1, 2, '1 of 2 issues');
    bar.show(2, 2, '2 of 2 issues');
    bar.clear();
    expect(drawn).toEqual([
      expect.stringMatching(/^\r█{15}░{15} {2}50 % {2}1 of 2 issues, .* left/) as string,
      '\r\u001b[K',
    ]);
  });

  it('is nothing in a pipe', () => {
    const drawn: string[] = [];
    const bar = new ProgressBar({ write: (text) => drawn.push(text) });
    bar.show(1, 2, '');
    bar.clear();
    expect(drawn).toEqual([]);
  });
});
