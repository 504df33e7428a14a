/** Who may do what now. Programs, and a web page later, ask here before they change anything (newspapers spec 1.9 and 9). */
import type { Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { MODIFY_USERS, type Roles } from './roles.js';
import { Refused } from './refused.js';

/** Somebody who wants to do something, as the database knows him or her at this moment. */
export interface Person {
  login: string;
  roles: readonly string[];
  /** Nobody at all is an active user yet: everybody may do everything, so that trying it and one-person sites need no set-up. */
  everybodyMay: boolean;
}

/**
 * The person of a login.
 * @throws Refused when there are active users and this login is none of them
 */
export async function findPerson(db: Kysely<DB>, login: string): Promise<Person> {
  const users = await db.selectFrom('users').select(['login', 'roles', 'deactivated_at']).execute();
  if (!users.some((user) => user.deactivated_at === null)) return { login, roles: [], everybodyMay: true };
  const user = users.find((each) => each.login === login);
  if (user === undefined)
    throw new Refused(
      'forbidden',
      `${login} is no user here`,
      `whoever may ${MODIFY_USERS} can let them in: users add ${login} --role ...`,
    );
  if (user.deactivated_at !== null)
    throw new Refused(
      'forbidden',
      `${login} was deactivated on ${user.deactivated_at.toISOString().slice(0, 10)} and may do nothing`,
      `whoever may ${MODIFY_USERS} can: users reactivate ${login}`,
    );
  return { login, roles: user.roles, everybodyMay: false };
}

/** Whether a person may do what the privilege says; without a privilege every active user may. */
export const may = (roles: Roles, person: Person, privilege: string | undefined): boolean =>
  person.everybodyMay || privilege === undefined || roles.give(person.roles, privilege);

/**
 * Lets pass who may.
 * @param privilege undefined: every active user may
 * @throws Refused naming the person, what is missing, and who can grant it
 */
export async function requirePrivilege(
  db: Kysely<DB>,
  roles: Roles,
  login: string,
  privilege: string | undefined,
): Promise<Person> {
  const person = await findPerson(db, login);
  if (!may(roles, person, privilege)) throw await lacks(db, roles, login, privilege ?? '');
  return person;
}

/** The refusal of somebody who lacks a privilege: which roles give it, who can grant one of them. */
export async function lacks(db: Kysely<DB>, roles: Roles, login: string, privilege: string): Promise<Refused> {
  const givers = roles.givers(privilege);
  if (givers.length === 0)
    return new Refused('forbidden', `${login} may not ${privilege}`, `only a ${roles.highest ?? 'nobody'} may`);
  const users = await db.selectFrom('users').select(['login', 'roles']).where('deactivated_at', 'is', null).execute();
  const granters = users // those of the highest role are seen by their like only: they are not named
    .filter((user) => !roles.isHighest(user.roles) && user.login !== login && roles.give(user.roles, MODIFY_USERS))
    .filter((user) => givers.some((giver) => roles.has(user.roles, giver)))
    .map((user) => user.login)
    .sort();
  const who = [...granters, ...(roles.highest === undefined ? [] : [`any ${roles.highest}`])].join(', ');
  return new Refused(
    'forbidden',
    `${login} may not ${privilege}`,
    `that takes the role ${givers.join(' or ')}; ${who || 'nobody'} can grant it: users grant ${login} "${givers[0] ?? ''}"`,
  );
}
