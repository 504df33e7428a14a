/** Who has a question on the desk, and what is put off. The rules that rows decide are SQL functions, shared with psql. */
import { sql, type Kysely } from 'kysely';
import type { DB, Json } from '../../database/database.js';
import type { Action, Asking } from '../action.js';
import { findPerson, may, requirePrivilege } from '../permission.js';
import { callVerb, Refused } from '../refused.js';
import type { Registry } from '../registry.js';
import { ASSIGN_WORK, OPERATE_PIPELINES } from '../roles.js';
import { checkMayWorkOn, knownAction, toAsking } from './decide.js';

/** Who does it, where. */
export interface PenAct {
  db: Kysely<DB>;
  registry: Registry;
  actor: string;
}

/**
 * Puts a question on the actor's desk for 7 days; one's own claim is renewed, an expired one taken over (newspapers spec 9).
 * @throws Refused when somebody else has it, it asks nothing, or the actor could not answer it anyway
 */
export async function claim(act: PenAct, id: number): Promise<string> {
  const asked = await theQuestion(act, id);
  if (asked !== undefined) await checkMayWorkOn(act.db, act.registry, asked.action, asked.asking, act.actor);
  else await findPerson(act.db, act.actor);
  return callVerb(sql`select claim_pipeline(${id}, ${act.actor}) as status`, act.db);
}

/** Takes a question off the actor's desk; off somebody else's only by who may assign work. @throws Refused */
export async function release(act: PenAct, id: number): Promise<string> {
  const person = await findPerson(act.db, act.actor);
  const others = may(act.registry.roles, person, ASSIGN_WORK);
  return callVerb(sql`select release_pipeline(${id}, ${act.actor}, ${others}) as status`, act.db);
}

/**
 * Puts a question on somebody's desk for 7 days, whoever had it before.
 * @throws Refused when the actor may not assign work, or that somebody could not answer it
 */
export async function assign(act: PenAct, id: number, to: string): Promise<string> {
  await requirePrivilege(act.db, act.registry.roles, act.actor, ASSIGN_WORK);
  const asked = await theQuestion(act, id);
  if (asked !== undefined) await checkMayWorkOn(act.db, act.registry, asked.action, asked.asking, to);
  return callVerb(sql`select assign_pipeline(${id}, ${to}, ${act.actor}) as status`, act.db);
}

/**
 * Hides what is held from the list until a time; its job goes on looking again by itself, and another question is shown.
 * @param snooze undefined: show it again
 * @throws Refused when it is not held, the time is past, the reason is blank, or the actor could not answer it
 */
export async function snooze(
  act: PenAct,
  id: number,
  snooze: { until: Date; reason: string } | undefined,
): Promise<string> {
  await checkMayHandle(act, id);
  return callVerb(
    sql`select snooze_pipeline(${id}, ${act.actor}, ${snooze?.until ?? null}::timestamptz, ${snooze?.reason ?? null}) as status`,
    act.db,
  );
}

/** The held job looks again now; its question stays open, its claim too. @throws Refused */
export async function wake(act: PenAct, id: number): Promise<string> {
  await checkMayHandle(act, id);
  return callVerb(sql`select wake_pipeline(${id}, ${act.actor}) as status`, act.db);
}

/** What the database's clock says some time from now: clocks of terminals may be wrong. */
export async function timeFromNow(db: Kysely<DB>, seconds: number): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`select clock_timestamp() + interval '1 second' * ${seconds} as at`.execute(
    db,
  );
  return (rows[0] as { at: Date }).at; // one row, always
}

/** Who may answer a question, or operates pipelines, may wake it or put it off. */
async function checkMayHandle(act: PenAct, id: number): Promise<void> {
  const person = await findPerson(act.db, act.actor);
  if (may(act.registry.roles, person, OPERATE_PIPELINES)) return;
  const asked = await theQuestion(act, id);
  const privilege = asked === undefined ? OPERATE_PIPELINES : asked.action.privilege;
  await requirePrivilege(act.db, act.registry.roles, act.actor, privilege);
}

/** The question a pipeline asks; undefined when it asks none. @throws Refused when there is no such pipeline */
async function theQuestion(
  { db, registry }: PenAct,
  id: number,
): Promise<{ action: Action; asking: Asking } | undefined> {
  const row = await db
    .selectFrom('pipelines')
    .select(['hold_action', 'hold_message', 'object_type', 'object_id', sql<Json>`hold_payload`.as('payload')])
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined)
    throw new Refused('not found', `there is no pipeline ${id}`, 'holding-pen list shows what waits');
  return row.hold_action === null
    ? undefined
    : { action: knownAction(registry, row.hold_action), asking: toAsking(id, row) };
}
