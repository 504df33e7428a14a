/** Users and their roles, changed by the rules of newspapers spec 1.9. Each change is one transaction that writes an event. */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB, Json } from '../database/database.js';
import { nearest } from './nearest.js';
import { requirePrivilege, type Person } from './permission.js';
import { Refused } from './refused.js';
import { LIST_USERS, MODIFY_USERS, type Roles } from './roles.js';

export interface User {
  /** Immutable: the name that decisions and events carry. */
  login: string;
  name: string;
  /** Sorted; a role that has others stands alone. */
  roles: string[];
  deactivatedAt: Date | null;
}

/** Who changes users, and by which roles. */
export interface UserAct {
  db: Kysely<DB>;
  roles: Roles;
  actor: string;
}

/**
 * Users by login, as far as the actor sees them: those of the highest role are seen by their like only.
 * @throws Refused when the actor may not list users
 */
export async function listUsers({ db, roles, actor }: UserAct): Promise<User[]> {
  const person = await requirePrivilege(db, roles, actor, LIST_USERS);
  const users = (await db.selectFrom('users').selectAll().orderBy('login').execute()).map(toUser);
  return users.filter((user) => sees(roles, person, user));
}

/**
 * Adds a user. As long as none is active everybody may, but the first one must have the highest role: somebody must be able to let the others in.
 * @throws Refused when the login is taken, a role is unknown or not the actor's to grant, or the first user could not let others in
 */
export function addUser(act: UserAct, user: { login: string; name?: string; roles: readonly string[] }): Promise<User> {
  const { roles } = act;
  return change(act, async (trx, person) => {
    const name = user.name ?? user.login;
    checkWords(user.login, name);
    const there = await findUser(trx, user.login);
    if (there && sees(roles, person, there))
      throw conflict(
        `${user.login} is a user already`,
        there.deactivatedAt ? `deactivated: users reactivate ${user.login}` : 'users grant gives further roles',
      );
    if (there) throw conflict(`the login ${user.login} is taken`, 'choose another');
    for (const role of user.roles) checkGrantable(roles, person, role);
    const stored = roles.stored(user.roles);
    if (person.everybodyMay) checkFirst(roles, stored, user.login);
    await trx.insertInto('users').values({ login: user.login, name, roles: stored }).execute();
    return { kind: 'user_added', login: user.login, detail: { name, roles: stored } };
  });
}

/** Gives a role; one that the user has anyway changes nothing. @throws Refused by the rules of `changeUser` */
export const grantRole = (act: UserAct, login: string, role: string): Promise<User> =>
  changeUser(act, login, async (trx, person, user) => {
    checkGrantable(act.roles, person, role);
    const stored = act.roles.stored([...user.roles, role]);
    return setRoles(trx, user, stored, { kind: 'role_granted', role });
  });

/** Takes a role away; one that the user does not have changes nothing. @throws Refused by the rules of `changeUser`, and when the user has it through another role */
export const denyRole = (act: UserAct, login: string, role: string): Promise<User> =>
  changeUser(act, login, async (trx, person, user) => {
    checkGrantable(act.roles, person, role);
    const through = user.roles.find((held) => held !== role && act.roles.has([held], role));
    if (through !== undefined)
      throw conflict(`${login} is ${role} by being ${through}`, `deny ${through} first, then grant what is to remain`);
    const stored = user.roles.filter((held) => held !== role);
    return setRoles(trx, user, stored, { kind: 'role_denied', role });
  });

/** A deactivated user may do nothing; the row stays, for what it did. @throws Refused by the rules of `changeUser` */
export const deactivateUser = (act: UserAct, login: string): Promise<User> =>
  changeUser(act, login, async (trx, _person, user) => {
    if (user.deactivatedAt !== null) return undefined;
    await trx
      .updateTable('users')
      .set({ deactivated_at: sql`now()` })
      .where('login', '=', login)
      .execute();
    return { kind: 'user_deactivated', login, detail: {} };
  });

/** Lets a deactivated user in again, with the roles of before. @throws Refused by the rules of `changeUser` */
export const reactivateUser = (act: UserAct, login: string): Promise<User> =>
  changeUser(act, login, async (trx, person, user) => {
    if (user.deactivatedAt === null) return undefined;
    if (person.everybodyMay) checkFirst(act.roles, user.roles, login);
    await trx.updateTable('users').set({ deactivated_at: null }).where('login', '=', login).execute();
    return { kind: 'user_reactivated', login, detail: {} };
  });

/** What a change did; undefined when there was nothing to do. */
type Changed = { kind: string; login: string; detail: Json } | undefined;

/** Nobody edits themself; only those of the highest role see or change their like. */
function changeUser(
  act: UserAct,
  login: string,
  work: (trx: Transaction<DB>, person: Person, user: User) => Promise<Changed>,
): Promise<User> {
  return change(
    act,
    async (trx, person) => {
      const user = await findUser(trx, login);
      if (user === undefined || !sees(act.roles, person, user))
        throw new Refused('not found', `there is no user ${login}`, 'users list shows them');
      if (login === act.actor && !person.everybodyMay)
        throw new Refused('forbidden', 'nobody changes themself', 'ask somebody else who may modify users');
      return work(trx, person, user);
    },
    login,
  );
}

/** One change at a time: two sysops who deactivate each other at once would lock everybody out, or let everybody in. */
function change(
  { db, roles, actor }: UserAct,
  work: (trx: Transaction<DB>, person: Person) => Promise<Changed>,
  subject?: string,
): Promise<User> {
  return db.transaction().execute(async (trx) => {
    await sql`lock table users in share row exclusive mode`.execute(trx);
    const person = await requirePrivilege(trx, roles, actor, MODIFY_USERS);
    const changed = await work(trx, person);
    if (changed !== undefined)
      await trx
        .insertInto('events')
        .values({
          actor,
          kind: changed.kind,
          detail: JSON.stringify({ login: changed.login, ...(changed.detail as object) }),
        })
        .execute();
    const user = await findUser(trx, changed?.login ?? subject ?? '');
    if (user === undefined) throw new Error('the changed user is gone');
    return user;
  });
}

async function setRoles(
  trx: Transaction<DB>,
  user: User,
  stored: string[],
  { kind, role }: { kind: string; role: string },
): Promise<Changed> {
  if (stored.join() === user.roles.join()) return undefined;
  await trx.updateTable('users').set({ roles: stored }).where('login', '=', user.login).execute();
  return { kind, login: user.login, detail: { role, roles: stored, before: user.roles } };
}

/** Whoever manages users grants (and denies) what they have themselves, and nothing else. */
function checkGrantable(roles: Roles, person: Person, role: string): void {
  if (roles.find(role) === undefined) {
    const near = nearest(role, roles.names);
    throw conflict(
      `${role} is no role`,
      `${near === undefined ? '' : `did you mean ${near}? `}the roles are: ${roles.names.join(', ')}`,
    );
  }
  if (person.everybodyMay || roles.has(person.roles, role)) return;
  throw new Refused(
    'forbidden',
    `${person.login} may not grant or deny ${role}`,
    `one grants only roles one has; any ${roles.highest ?? 'holder of it'} can`,
  );
}

/** From the first active user on nobody else may do anything until let in: it must be one who can. */
function checkFirst(roles: Roles, held: readonly string[], login: string): void {
  if (roles.isHighest(held)) return;
  const highest = roles.highest ?? 'holder of the highest role';
  throw conflict(
    `the first user must be a ${highest}, who can let the others in`,
    `users add ${login} --role ${highest}, or another login first`,
  );
}

const LOGIN = /^[^\s\p{Cc},]{1,100}$/u;

function checkWords(login: string, name: string): void {
  if (!LOGIN.test(login) || ['engine', 'me', 'none'].includes(login))
    throw conflict(
      `${JSON.stringify(login)} cannot be a login`,
      'at most 100 characters, no spaces or commas, none of engine, me, none',
    );
  if (name.trim() === '' || /\p{Cc}/u.test(name))
    throw conflict(`${JSON.stringify(name)} cannot be a name`, 'it must not be blank, nor hold control characters');
}

const sees = (roles: Roles, person: Person, user: User): boolean =>
  person.everybodyMay || !roles.isHighest(user.roles) || roles.isHighest(person.roles);

const conflict = (message: string, remedy: string): Refused => new Refused('conflict', message, remedy);

async function findUser(db: Kysely<DB>, login: string): Promise<User | undefined> {
  const row = await db.selectFrom('users').selectAll().where('login', '=', login).executeTakeFirst();
  return row && toUser(row);
}

const toUser = (row: { login: string; name: string; roles: string[]; deactivated_at: Date | null }): User => ({
  login: row.login,
  name: row.name,
  roles: row.roles,
  deactivatedAt: row.deactivated_at,
});
