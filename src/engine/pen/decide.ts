/** Deciding: the one function through which every answer goes, from a terminal now and from a page later. */
import { sql, type Kysely } from 'kysely';
import type { DB, Json } from '../../database/database.js';
import type { Action, Asking } from '../action.js';
import { lacks, may, requirePrivilege } from '../permission.js';
import { callVerb, Refused } from '../refused.js';
import type { Registry } from '../registry.js';
import { checkAnswer } from './parameters.js';

export interface Answer {
  /** Number of the question, as shown; a decision on an older one is refused. Undefined: the one that is asked now. */
  holdRev: number | undefined;
  verb: string;
  params: Json;
  comment?: string | undefined;
  actor: string;
  /** `rule`: the program itself, by a rule of the site; no privileges are asked of it. */
  via: 'cli' | 'web' | 'api' | 'rule';
}

/**
 * Answers a pipeline's question: all of it happens or nothing. The pipeline is locked first, so that claim, eyes and question are
 * those of the moment of the answer.
 *
 * @returns the pipeline's new status
 * @throws Refused when there is no such question, it was answered already or moved on, somebody else has claimed it, the actor has
 * not claimed what must be, may not answer it, or answers own work; when the verb is none of its verbs or the parameters do not fit
 */
export async function decide(db: Kysely<DB>, registry: Registry, id: number, answer: Answer): Promise<string> {
  return (await decideOn(db, registry, id, answer)).status;
}

/** Like `decide`, and says which question was answered. */
export async function decideOn(
  db: Kysely<DB>,
  registry: Registry,
  id: number,
  answer: Answer,
): Promise<{ holdRev: number; status: string }> {
  if (!db.isTransaction) return db.transaction().execute((trx) => decideOn(trx, registry, id, answer));
  const pipeline = await db
    .selectFrom('pipelines')
    .select(['status', 'hold_action', 'hold_rev', 'decision_rev', 'hold_message', 'object_type', 'object_id'])
    .select([sql<Json>`hold_payload`.as('payload'), sql<boolean>`claim_counts(pipelines)`.as('claimed')])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  const holdRev = answer.holdRev ?? pipeline?.hold_rev ?? 0;
  let params = answer.params;
  const open = pipeline !== undefined && pipeline.decision_rev !== pipeline.hold_rev && pipeline.hold_rev === holdRev;
  if (open && pipeline.hold_action !== null && !['failed', 'success', 'cancelled'].includes(pipeline.status)) {
    const action = knownAction(registry, pipeline.hold_action);
    const asking = toAsking(id, pipeline);
    const isPerson = answer.via !== 'rule';
    if (isPerson) await checkMayWorkOn(db, registry, action, asking, answer.actor);
    params = checkAnswer(action, answer.verb, answer.params);
    const special = action.verbPrivileges?.[answer.verb];
    if (isPerson && special !== undefined) await requirePrivilege(db, registry.roles, answer.actor, special);
    if (isPerson && action.needsClaim === true && !pipeline.claimed)
      // somebody else's is refused below, with whose it is
      throw new Refused(
        'conflict',
        `pipeline ${id} must be claimed before it is answered`,
        `claim it first: holding-pen claim ${id}`,
      );
  }
  const status = await callVerb(
    sql`select decide(${id}, ${holdRev}, ${answer.verb}, ${JSON.stringify(params ?? {})}, ${answer.comment ?? null}, ${answer.actor}, ${answer.via}) as status`,
    db,
  );
  return { holdRev, status };
}

/** The action of a question. @throws Refused when this program does not know it */
export function knownAction(registry: Registry, name: string): Action {
  const action = registry.actions.get(name);
  if (action === undefined)
    throw new Refused('conflict', `this program does not know the question ${name}`, 'use the version that asked it');
  return action;
}

/**
 * Whether a person may claim and answer a question.
 * @throws Refused when the action's privilege is missing, or it is the person's own work
 */
export async function checkMayWorkOn(
  db: Kysely<DB>,
  registry: Registry,
  action: Action,
  asking: Asking,
  login: string,
): Promise<void> {
  const person = await requirePrivilege(db, registry.roles, login, action.privilege);
  if (action.fourEyes === undefined || may(registry.roles, person, action.fourEyes.unless)) return;
  if (!(await action.fourEyes.notBy(asking, db)).includes(login)) return;
  const refusal = await lacks(db, registry.roles, login, action.fourEyes.unless);
  throw new Refused(
    'forbidden',
    `pipeline ${asking.pipelineId} is ${login}'s own work, which somebody else must look at`,
    refusal.message,
  );
}

/** What an action's functions see of a pipeline. */
export const toAsking = (
  pipelineId: number,
  row: { object_type: string | null; object_id: number | null; hold_message: string | null; payload: Json },
): Asking => ({
  pipelineId,
  object: row.object_type === null || row.object_id === null ? undefined : { type: row.object_type, id: row.object_id },
  message: row.hold_message,
  payload: row.payload,
});
