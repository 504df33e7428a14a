/** A question that the holding pen may ask, and the answers that are one. */
import type { z } from 'zod';

export interface Action {
  /** As in `hold({ action })`. */
  name: string;
  /** What a person is to do, in a few words: "review pages". */
  title: string;
  /** The answers, each with the schema of its parameters. */
  verbs: Readonly<Record<string, z.ZodType>>;
}

/** Defines an action. @example defineAction({ name: 'page_review', title: 'review pages', verbs: { done: z.object({}) } }) */
export const defineAction = (action: Action): Action => action;
