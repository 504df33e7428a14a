/** What a decision on a page review says. */
import type { Decision } from '../engine/job.js';
import { errorReport, pageReviewDone } from './actions.js';

export type PageReviewAnswer =
  /** Look whether the folder is ready: nobody has decided, or somebody said that it is. */
  | { verb: 'look'; deletedPages: number; acceptChanged: boolean }
  | { verb: 'report_error'; error: string }
  | { verb: 'ask managers'; message: string }
  | { verb: 'remove' }
  | { verb: 'redo' }
  /** What psql took unchecked may say nothing that we know. */
  | { verb: 'mistake'; message: string };

/** @param isUnfixable an error was reported: the question is the issue managers', and stays so until they return it */
export function readPageReviewAnswer(decision: Decision | undefined, isUnfixable: boolean): PageReviewAnswer {
  if (decision?.verb === 'remove' || decision?.verb === 'redo') return { verb: decision.verb };
  if (isUnfixable && decision?.verb !== 'return')
    return {
      verb: 'ask managers',
      message: decision ? `${decision.verb} is no answer here: decide return, remove or redo` : 'an error was reported',
    };
  if (!decision || decision.verb === 'return') return { verb: 'look', deletedPages: 0, acceptChanged: false };
  if (decision.verb === 'report_error') {
    const { data } = errorReport.safeParse(decision.params);
    return data ? { verb: 'report_error', ...data } : { verb: 'mistake', message: 'error must say what is wrong' };
  }
  if (decision.verb !== 'done')
    return {
      verb: 'mistake',
      message: `${decision.verb} is no answer to a page review: decide done, report_error, remove or redo`,
    };
  const { data, error } = pageReviewDone.safeParse(decision.params);
  if (data) return { verb: 'look', ...data };
  const name = String(error.issues[0]?.path[0] ?? 'a parameter');
  return {
    verb: 'mistake',
    message: name === 'acceptChanged' ? `${name} must be true or false` : `${name} must be a whole number, 0 or more`,
  };
}
