/** Users and questions that tests of people start from. */
import { sql } from 'kysely';
import { z } from 'zod';
import { defineAction, type Action } from '../../src/engine/action.js';
import { createRegistry, type Registry } from '../../src/engine/registry.js';
import { newspaperObjects } from '../../src/newspapers/issue-facts.js';
import { newspaperRoles } from '../../src/newspapers/roles.js';
import type { TestDatabase } from '../support/database.js';
import { plan, Stage } from './stage.js';
import { enqueuedOne, rows } from './support.js';

/** Anybody may answer it. */
export const look = defineAction({
  name: 'look',
  title: 'look at it',
  verbs: {
    approve: z.object({ note: z.string().optional().describe('for the next one') }).describe('it goes on'),
    reject: z.object({ why: z.string().min(1, 'it must say why').describe('what is wrong') }).describe('it goes back'),
  },
});

/** A review: it takes a role, a claim and another pair of eyes than those of `payload.enteredBy`. */
export const review = defineAction({
  name: 'review',
  title: 'review the metadata',
  privilege: 'review metadata',
  needsClaim: true,
  verbs: { approve: z.object({}), scrap: z.object({}) },
  verbPrivileges: { scrap: 'work on unfixable errors' },
  summary: ({ object, payload }) => `${object?.type ?? 'nothing'} entered by ${enteredBy(payload)}`,
  fourEyes: { notBy: ({ payload }) => Promise.resolve([enteredBy(payload)]), unless: 'review own metadata' },
});
const enteredBy = (payload: unknown): string => (payload as { enteredBy?: string }).enteredBy ?? 'nobody';

export const makePenRegistry = (...actions: Action[]): Registry =>
  createRegistry({ jobs: [], actions: [look, review, ...actions], roles: newspaperRoles, objects: newspaperObjects });

/** Users by login, each with roles: `givenUsers(own, { ada: 'sysop', ben: 'issue curator, title manager' })`. */
export async function givenUsers(own: TestDatabase, users: Record<string, string>): Promise<void> {
  for (const [login, roles] of Object.entries(users))
    await rows(own, 'insert into users (login, name, roles) values ($1, $1, $2)', [
      login,
      roles.split(', ').filter(Boolean).sort(),
    ]);
}

export interface AskingColumns {
  action?: string;
  kind?: string;
  message?: string;
  payload?: object;
  role?: string;
  daysAgo?: number;
  object?: { type: string; id: number };
  description?: string;
}

/** A held pipeline that asks question 1, as its job would have left it. */
export async function givenQuestion(own: TestDatabase, columns: AskingColumns = {}): Promise<number> {
  const { action = 'look', kind = 'person', message = 'please look', payload = {}, role, daysAgo = 0 } = columns;
  const id = await enqueuedOne(
    own,
    plan(
      [new Stage().step('fast', 'ask')],
      columns.object,
      columns.description ? { description: columns.description } : {},
    ),
  );
  await sql`update pipelines set status = 'held', hold_kind = ${kind}, hold_action = ${action === '' ? null : action}, hold_rev = 1, hold_message = ${message},
    hold_payload = ${JSON.stringify(payload)}, hold_role = ${role ?? null}, held_at = now() - interval '1 day' * ${daysAgo} where id = ${id}`.execute(
    own.database.kysely,
  );
  return id;
}

/** Makes a claim one that has expired, by the database's clock. */
export const expireClaim = (own: TestDatabase, id: number): Promise<unknown> =>
  rows(own, `update pipelines set assigned_until = clock_timestamp() - interval '1 second' where id = $1`, [id]);
