/** Users and who may change them (newspapers spec 1.9, 9, 11.3 "Roles"). */
import { beforeEach, describe, expect, test } from 'vitest';
import { requirePrivilege } from '../../src/engine/permission.js';
import { OPERATE_PIPELINES, Roles } from '../../src/engine/roles.js';
import * as users from '../../src/engine/users.js';
import { newspaperRoles } from '../../src/newspapers/roles.js';
import { givenUsers } from './people.js';
import { rows, useDatabase } from './support.js';

const own = useDatabase();
beforeEach(() => rows(own, 'truncate users'));
const roles = new Roles(newspaperRoles);
const as = (actor: string) => ({ db: own.database.kysely, roles, actor });
const rolesOf = async (login: string) =>
  (await rows<{ roles: string[] }>(own, 'select roles from users where login = $1', [login]))[0]?.roles;
const may = (login: string, privilege: string | undefined) =>
  requirePrivilege(own.database.kysely, roles, login, privilege);

describe('as long as there is no active user', () => {
  test('everybody may do everything', async () => {
    await may('anybody', OPERATE_PIPELINES);
    await rows(own, `insert into users values ('old', 'Old', '{sysop}', now())`);
    await may('anybody', OPERATE_PIPELINES);
    expect(await users.listUsers(as('anybody'))).toMatchObject([{ login: 'old' }]);
  });

  test('the first one must be a sysop; then nobody else may do anything', async () => {
    await expect(users.addUser(as('root'), { login: 'ben', roles: ['title manager'] })).rejects.toThrow(
      'the first user must be a sysop, who can let the others in (users add ben --role sysop, or another login first)',
    );
    expect(await users.addUser(as('root'), { login: 'ada', roles: ['sysop'] })).toMatchObject({
      login: 'ada',
      name: 'ada',
    });
    await expect(may('root', undefined)).rejects.toThrow(
      'root is no user here (whoever may modify users can let them in: users add root --role ...)',
    );
    await expect(users.addUser(as('root'), { login: 'cal', roles: ['sysop'] })).rejects.toThrow('root is no user here');
    await may('ada', OPERATE_PIPELINES);
  });

  test('of two first ones at once, one is in and lets the other wait', async () => {
    const both = await Promise.allSettled(
      ['ada', 'ben'].map((login) => users.addUser(as(login), { login, roles: ['sysop'] })),
    );
    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('one who could not let others in is not let in again', async () => {
    await rows(
      own,
      `insert into users values ('ben', 'Ben', '{title manager}', now()), ('ada', 'Ada', '{sysop}', now())`,
    );
    await expect(users.reactivateUser(as('root'), 'ben')).rejects.toThrow(/first user must be a sysop/);
    await users.reactivateUser(as('root'), 'ada');
    await expect(users.reactivateUser(as('root'), 'ben')).rejects.toThrow('root is no user here');
  });
});

describe('granting and denying', () => {
  beforeEach(() => givenUsers(own, { root: 'sysop', ben: 'title manager' }));

  test('keeps roles sorted; granting twice changes nothing', async () => {
    await users.grantRole(as('root'), 'ben', 'user manager');
    await users.grantRole(as('root'), 'ben', 'marc org code manager');
    await users.grantRole(as('root'), 'ben', 'marc org code manager');
    expect(await rolesOf('ben')).toEqual(['marc org code manager', 'title manager', 'user manager']);
    await users.denyRole(as('root'), 'ben', 'title manager');
    await users.denyRole(as('root'), 'ben', 'title manager');
    expect(await rolesOf('ben')).toEqual(['marc org code manager', 'user manager']);
    const told = await rows(own, `select actor, kind, via, detail ->> 'role' as role from events order by id`);
    expect(told).toEqual([
      { actor: 'root', kind: 'role_granted', via: 'test', role: 'user manager' },
      { actor: 'root', kind: 'role_granted', via: 'test', role: 'marc org code manager' },
      { actor: 'root', kind: 'role_denied', via: 'test', role: 'title manager' },
    ]);
  });

  test('a role that includes others swallows them, and they are not denied one by one', async () => {
    expect((await users.grantRole(as('root'), 'ben', 'site manager')).roles).toEqual(['site manager']);
    expect((await users.grantRole(as('root'), 'ben', 'title manager')).roles).toEqual(['site manager']);
    await expect(users.denyRole(as('root'), 'ben', 'title manager')).rejects.toThrow(
      'ben is title manager by being site manager (deny site manager first, then grant what is to remain)',
    );
    expect((await users.grantRole(as('root'), 'ben', 'sysop')).roles).toEqual(['sysop']);
  });

  test('an unknown role is refused with the nearest', async () => {
    await expect(users.grantRole(as('root'), 'ben', 'titel manager')).rejects.toThrow(
      /^titel manager is no role \(did you mean title manager\? the roles are: sysop, site manager, /,
    );
  });

  test('user managers grant and deny only what they have', async () => {
    await givenUsers(own, { uma: 'user manager, issue curator' });
    await users.grantRole(as('uma'), 'ben', 'issue curator');
    await users.grantRole(as('uma'), 'ben', 'user manager');
    for (const change of [users.grantRole, users.denyRole])
      await expect(change(as('uma'), 'ben', 'title manager')).rejects.toThrow(
        'uma may not grant or deny title manager (one grants only roles one has; any sysop can)',
      );
    await expect(users.addUser(as('uma'), { login: 'cal', roles: ['sysop'] })).rejects.toThrow(
      /may not grant or deny sysop/,
    );
    expect(await rolesOf('ben')).toEqual(['issue curator', 'title manager', 'user manager']);
  });

  test('site managers grant all but sysop', async () => {
    await givenUsers(own, { sam: 'site manager' });
    for (const role of roles.names.filter((name) => name !== 'sysop')) await users.grantRole(as('sam'), 'ben', role);
    await expect(users.grantRole(as('sam'), 'ben', 'sysop')).rejects.toThrow(/may not grant or deny sysop/);
  });

  test('nobody changes themself, not even a sysop', async () => {
    for (const change of [users.deactivateUser, users.reactivateUser])
      await expect(change(as('root'), 'root')).rejects.toThrow('nobody changes themself');
    await expect(users.grantRole(as('root'), 'root', 'title manager')).rejects.toThrow('nobody changes themself');
  });

  test('only sysops see and change sysops', async () => {
    await givenUsers(own, { sam: 'site manager', two: 'sysop' });
    expect((await users.listUsers(as('sam'))).map((user) => user.login)).toEqual(['ben', 'sam']);
    expect((await users.listUsers(as('root'))).map((user) => user.login)).toEqual(['ben', 'root', 'sam', 'two']);
    await expect(users.deactivateUser(as('sam'), 'two')).rejects.toThrow('there is no user two');
    await expect(users.addUser(as('sam'), { login: 'two', roles: [] })).rejects.toThrow('the login two is taken');
    await users.denyRole(as('root'), 'two', 'sysop');
    expect((await users.listUsers(as('sam'))).map((user) => user.login)).toEqual(['ben', 'sam', 'two']);
  });

  test('who is no user manager neither lists nor changes users', async () => {
    await expect(users.listUsers(as('ben'))).rejects.toThrow(
      'ben may not list users (that takes the role user manager; any sysop can grant it: users grant ben "user manager")',
    );
    await expect(users.addUser(as('ben'), { login: 'cal', roles: [] })).rejects.toThrow('ben may not modify users');
  });
});

describe('a deactivated user', () => {
  beforeEach(() => givenUsers(own, { root: 'sysop', ben: 'site manager', cal: 'user manager' }));

  test('may do nothing until reactivated with the roles of before', async () => {
    await users.deactivateUser(as('root'), 'ben');
    await users.deactivateUser(as('root'), 'ben');
    await expect(may('ben', undefined)).rejects.toThrow(
      /^ben was deactivated on \d{4}-\d\d-\d\d and may do nothing \(whoever may modify users can: users reactivate ben\)$/,
    );
    await expect(users.listUsers(as('ben'))).rejects.toThrow('ben was deactivated');
    await expect(users.addUser(as('root'), { login: 'ben', roles: [] })).rejects.toThrow(
      'ben is a user already (deactivated: users reactivate ben)',
    );
    await users.reactivateUser(as('root'), 'ben');
    await may('ben', 'modify titles');
    expect(
      (await rows<{ kind: string }>(own, 'select kind from events order by id')).map((event) => event.kind),
    ).toEqual(['user_deactivated', 'user_reactivated']);
  });

  test('two sysops deactivate each other at once: one of them remains', async () => {
    await givenUsers(own, { two: 'sysop' });
    const both = await Promise.allSettled([
      users.deactivateUser(as('root'), 'two'),
      users.deactivateUser(as('two'), 'root'),
    ]);
    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await rows(own, `select from users where roles = '{sysop}' and deactivated_at is null`)).toHaveLength(1);
  });
});

test('a refusal names who can grant what is missing, but no sysop', async () => {
  await givenUsers(own, {
    root: 'sysop',
    uma: 'title manager, user manager',
    vic: 'user manager',
    sam: 'site manager',
    ben: '',
  });
  await expect(may('ben', 'modify titles')).rejects.toThrow(
    'ben may not modify titles (that takes the role title manager; sam, uma, any sysop can grant it: users grant ben "title manager")',
  );
  await expect(may('sam', OPERATE_PIPELINES)).rejects.toThrow('sam may not operate pipelines (only a sysop may)');
});

test.each(['', 'a b', 'a\nb', 'a,b', 'engine', 'me', 'none', 'x'.repeat(101)])(
  '%j cannot be a login',
  async (login) => {
    await expect(users.addUser(as('root'), { login, roles: ['sysop'] })).rejects.toThrow(/cannot be a login/);
  },
);
