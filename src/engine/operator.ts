/** The operator's verbs. They are SQL functions, shared with psql; here each is one typed call. */
import { sql, type Kysely } from 'kysely';
import { z } from 'zod';
import type { DB, Json } from '../database/database.js';
import type { Registry } from './registry.js';

/** A verb was refused: no such thing, or not in this state. The message says why, the remedy what would do. */
export class Refused extends Error {
  override name = 'Refused';
  constructor(
    readonly reason: 'not found' | 'conflict',
    message: string,
    readonly remedy: string | undefined,
  ) {
    super(remedy === undefined ? message : `${message} (${remedy})`);
  }
}

/** Who does it and why, kept in `events`. */
export interface Act {
  actor: string;
  reason: string;
}

/** Ends an open pipeline; a running job is aborted. */
export const cancelPipeline = (db: Kysely<DB>, id: number, { actor, reason }: Act) =>
  call(sql`select cancel_pipeline(${id}, ${actor}, ${reason}) as status`, db);

/** Lets a failed (or delayed) pipeline go on now; failures count anew. */
export const requeuePipeline = (db: Kysely<DB>, id: number, { actor, reason }: Act) =>
  call(sql`select requeue_pipeline(${id}, ${actor}, ${reason}) as status`, db);

/** Leaves out the job a pipeline stands at. */
export const skipJob = (db: Kysely<DB>, id: number, { actor, reason }: Act) =>
  call(sql`select skip_job(${id}, ${actor}, ${reason}) as status`, db);

/** Moves a pipeline to one of its jobs; that and all later ones run (again). */
export const gotoJob = (db: Kysely<DB>, id: number, sequence: number, { actor, reason }: Act) =>
  call(sql`select goto_job(${id}, ${sequence}, ${actor}, ${reason}) as status`, db);

export interface Answer {
  /** Number of the question, as shown; a decision on an older one is refused. */
  holdRev: number;
  verb: string;
  params: Json;
  comment?: string | undefined;
  actor: string;
  via: 'cli' | 'web' | 'api' | 'rule';
}

/** The engine's own question after a job has killed its runner again and again. */
const RUNNER_DIED = { title: 'decide about a job whose runner died again and again', verbs: ['retry', 'cancel'] };

/**
 * Answers a held pipeline's question.
 * @throws Refused when there is no such question, it was answered already, the verb is none of its verbs, or the parameters do not fit
 */
export async function decide(db: Kysely<DB>, registry: Registry, id: number, answer: Answer): Promise<string> {
  const held = await db.selectFrom('pipelines').select('hold_action').where('id', '=', id).executeTakeFirst();
  const params = held?.hold_action == null ? answer.params : checkAnswer(registry, held.hold_action, answer);
  return call(
    sql`select decide(${id}, ${answer.holdRev}, ${answer.verb}, ${JSON.stringify(params)}, ${answer.comment ?? null}, ${answer.actor}, ${answer.via}) as status`,
    db,
  );
}

/** What an action asks and which answers it takes; undefined for one that this program does not know. */
export function describeAction(registry: Registry, name: string): { title: string; verbs: string[] } | undefined {
  if (name === 'runner_died') return RUNNER_DIED;
  const action = registry.actions.get(name);
  return action && { title: action.title, verbs: Object.keys(action.verbs) };
}

function checkAnswer(registry: Registry, name: string, { verb, params }: Answer): Json {
  const known = describeAction(registry, name);
  if (known === undefined)
    throw new Refused('conflict', `this program does not know the question ${name}`, 'use the version that asked it');
  if (!known.verbs.includes(verb))
    throw new Refused(
      'conflict',
      `${verb} is no answer to ${name}`,
      known.verbs.length ? `it takes: ${known.verbs.join(', ')}` : 'it takes none yet',
    );
  const schema = registry.actions.get(name)?.verbs[verb];
  if (schema === undefined) return params;
  const parsed = (schema instanceof z.ZodObject ? schema.strict() : schema).safeParse(params); // a mistyped name is not passed over
  if (!parsed.success)
    throw new Refused(
      'conflict',
      `the parameters do not fit ${verb}`,
      parsed.error.issues.map((i) => `${i.path.join('.') || 'all'}: ${i.message}`).join('; '),
    );
  return parsed.data as Json; // parsed from JSON
}

async function call(query: ReturnType<typeof sql>, db: Kysely<DB>): Promise<string> {
  try {
    const { rows } = await query.execute(db);
    return (rows[0] as { status: string }).status; // each verb returns one row with the new status
  } catch (error) {
    const { code, message, hint } = error as { code?: string; message: string; hint?: string };
    if (code === 'PM404') throw new Refused('not found', message, hint);
    if (code === 'PM409') throw new Refused('conflict', message, hint);
    throw error;
  }
}
