import { beforeEach, describe, expect, it } from 'vitest';
import { rows, useDatabase } from '../engine/support.js';
import { run, succeed } from './run-program.js';

const own = useDatabase();
beforeEach(() => rows(own, 'truncate users'));
const users = (...args: string[]) => run('users', args, { DATABASE_URL: own.url });
const ok = (...args: string[]): Promise<string> => succeed('users', args, { DATABASE_URL: own.url });

describe('users', () => {
  it('says what it means that there are none, and that the first must be a sysop', async () => {
    expect(await ok('list')).toBe(
      'There are no users.\nAs long as there is no active user everybody may do everything. The first one must be a sysop:\nusers add LOGIN --role sysop\n',
    );
    expect(await users('add', 'ada', '--role', 'title manager')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'the first user must be a sysop, who can let the others in (users add ada --role sysop, or another login first)\n',
    });
    expect((await users('--help')).stdout).toMatch(/As long as there is no active user everybody may do everything/);
  });

  it('adds, grants, denies, deactivates, reactivates and lists', async () => {
    expect(await ok('add', 'tester', '--name', 'The Tester', '--role', 'sysop')).toBe('tester (The Tester): sysop\n');
    expect(await ok('add', 'ben', '--role', 'user manager', '--role', 'title manager')).toBe(
      'ben (ben): title manager, user manager\n',
    );
    expect(await ok('grant', 'ben', 'marc org code manager')).toBe(
      'ben (ben): marc org code manager, title manager, user manager\n',
    );
    expect(await ok('deny', 'ben', 'title manager')).toBe('ben (ben): marc org code manager, user manager\n');
    expect(await ok('deactivate', 'ben')).toBe('ben (ben) is deactivated: marc org code manager, user manager\n');
    expect((await users('list', '--as', 'ben')).stderr).toMatch(/^ben was deactivated on .* and may do nothing/);
    expect(await ok('reactivate', 'ben')).toBe('ben (ben): marc org code manager, user manager\n');
    expect(await ok('list')).toMatch(/^LOGIN .*\nben .*\ntester +The Tester +sysop +-\n$/);
    expect(JSON.parse(await ok('list', '--json', '--as', 'ben'))).toEqual([
      { login: 'ben', name: 'ben', roles: ['marc org code manager', 'user manager'], deactivatedAt: null },
    ]); // a sysop is seen by sysops only
    expect(await rows(own, `select distinct actor, via from events`)).toEqual([{ actor: 'tester', via: 'users' }]);
  });

  it('tells whoever adds the first user and is none that it may do nothing now', async () => {
    expect(await users('add', 'ada', '--role', 'sysop')).toEqual({
      exitCode: 0,
      stdout: 'ada (ada): sysop\n',
      stderr: 'from now on tester may do nothing here: act --as ada, or be added: users add tester --as ada\n',
    });
    expect(await ok('add', 'tester', '--as', 'ada')).toBe('tester (tester): no roles\n');
  });

  it('lists the roles without a database', async () => {
    expect((await run('users', ['roles'], { DATABASE_URL: 'postgresql:///nowhere' })).stdout).toMatch(
      /^ROLE +MAY\nsysop +does everything/,
    );
  });

  it.each([
    [[], /Usage: users/],
    [['add'], /missing required argument 'login'/],
    [['grant', 'ben'], /missing required argument 'role'/],
    [['promote', 'ben'], /unknown command 'promote'/],
  ])('%j is wrong: exit code 2', async (args, message) => {
    const { exitCode, stderr } = await users(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});
