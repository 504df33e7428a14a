/** A question that the holding pen may ask: who may answer it, and what an answer is. Registered once, for every program and page. */
import type { Kysely } from 'kysely';
import type { z } from 'zod';
import type { DB, Json } from '../database/database.js';

/** A pipeline that asks, as an action's functions are shown it. */
export interface Asking {
  pipelineId: number;
  /** What the pipeline is about. */
  object: { type: string; id: number } | undefined;
  message: string | null;
  /** What the job gave with its question, `hold({ payload })`. */
  payload: Json;
}

export interface Action {
  /** As in `hold({ action })`. */
  name: string;
  /** What a person is to do, in a few words: "review pages". */
  title: string;
  /** The answers, each with the schema of its parameters. `.describe()` on a schema says what the answer does, on a parameter what it is. */
  verbs: Readonly<Record<string, z.ZodType>>;
  /** What one must be allowed to do to answer, claim or put it off (a privilege that a role gives); without it every active user may. */
  privilege?: string;
  /** What single verbs take besides, e.g. removing what others may only review. */
  verbPrivileges?: Readonly<Record<string, string>>;
  /** Only whoever has claimed it answers it (newspapers spec 9: "issue must be claimed first"). */
  needsClaim?: boolean;
  /** One line for lists; the question's message unless given. */
  summary?: (asking: Asking) => string;
  /** Four eyes: who may not answer. Reviewing one's own work takes a privilege. */
  fourEyes?: {
    /** The logins whose own work this is. It is asked in the transaction of the decision. */
    notBy: (asking: Asking, db: Kysely<DB>) => Promise<readonly string[]>;
    /** Who has this privilege may anyway, e.g. "review own metadata". */
    unless: string;
  };
}

/**
 * Defines an action.
 *
 * @example
 * defineAction({
 *   name: 'metadata_review', title: 'review the metadata', privilege: 'review metadata', needsClaim: true,
 *   verbs: { approve: z.object({}).describe('the issue goes on to METS') },
 *   fourEyes: { notBy: async ({ object }, db) => [await whoEntered(db, object)], unless: 'review own metadata' },
 * })
 */
export const defineAction = (action: Action): Action => action;
