/** Whose desk a question can come to (newspapers spec 9): a claim for somebody who may not answer would only be in the way. */
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import type { Action } from '../../engine/action.js';
import { findPerson, may } from '../../engine/permission.js';
import { Refused } from '../../engine/refused.js';
import { roles } from '../roles.js';

/** @param ownWorkOf who must not answer because it is own work, unless that is allowed */
export async function checkDesk(
  db: Kysely<DB>,
  login: string,
  action: Action,
  ownWorkOf?: string | null,
): Promise<string | undefined> {
  try {
    const person = await findPerson(db, login);
    if (!may(roles, person, action.privilege)) return `${login} may not ${action.privilege ?? ''}`;
    if (login !== ownWorkOf || may(roles, person, action.fourEyes?.unless)) return undefined;
    return `it is ${login}'s own work, which somebody else must look at`;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

/** The login, as an assignee, when the question can come to that desk; else nobody's. */
export async function deskOf(
  db: Kysely<DB>,
  login: string | null,
  action: Action,
  ownWorkOf?: string | null,
): Promise<{ assignee?: string }> {
  if (login === null || (await checkDesk(db, login, action, ownWorkOf)) !== undefined) return {};
  return { assignee: login };
}
