import type { Transaction } from 'kysely';
import { z } from 'zod';
import type { DB } from '../../database/database.js';
import type { Duration } from '../../engine/duration.js';
import { defineJob, done, FatalError, hold, type JobContext, type Outcome } from '../../engine/job.js';
import { readFileSets, recordFiles } from '../../files/fixity/file-records.js';
import type { Settings } from '../../settings.js';
import { pageReview, unfixableError } from '../actions.js';
import { recordIssueEvent } from '../issue-events.js';
import { issueObject, setIssueColumns, type Issue } from '../issues.js';
import { examinePages, type PageReview } from '../page-review.js';
import { readPageReviewAnswer } from '../page-review-answer.js';
import { countPages, setPageCount } from '../pages.js';
import { makeDerivatives } from '../pipelines/make-derivatives.js';
import { removalOf, removeErroredIssue } from '../pipelines/remove-errored-issue.js';
import { splitAgain } from '../pipelines/split-again.js';
import { theIssue } from './issue-job.js';

const args = z.object({
  issueId: z.number().int(),
  location: z.string(),
  /** The error that was reported, when the managers are to be asked. */
  note: z.string().optional(),
});
type Context = JobContext<z.output<typeof args>>;

/**
 * Asks for the page review and looks again at intervals. When the folder is ready, the question ends and *make
 * derivatives* starts, in one transaction: the intent is in the database before any file moves (W26). An error that is
 * reported turns it into a question for the issue managers.
 */
export const askPageReview = defineJob({
  type: 'page_review',
  queue: 'fast',
  timeout: '30 min', // of a folder that is ready the pages are read
  args,
  async run(context) {
    const { args, db, settings, decision } = context;
    const issue = await theIssue(db, args.issueId);
    const answer = readPageReviewAnswer(decision, issue.workflowStep === 'UnfixableMetadataError');
    switch (answer.verb) {
      case 'report_error':
        return askManagers(issue, `${decision?.actor ?? 'somebody'} reported an error: ${answer.error}`, args.location);
      case 'ask managers':
        return askManagers(issue, (decision ? undefined : args.note) ?? answer.message, args.location);
      case 'remove':
        return remove(issue, args.location, settings);
      case 'redo':
        return redo(issue, settings, args.location);
      case 'mistake':
        return ask(context, answer.message);
      case 'look':
        return look(context, issue, answer);
    }
  },
});

/** Looks whether the folder is ready, and asks, or lets the issue go on. */
async function look(
  context: Context,
  issue: Issue,
  said: { deletedPages: number; acceptChanged: boolean },
): Promise<Outcome> {
  const { args, db, settings, decision, log, signal } = context;
  const pages = await countPages(db, issue.id);
  const sets = await readFileSets(db, issueObject(issue.id), args.location);
  const recorded = sets.find(({ role }) => role === 'page')?.files;
  const quietSeconds = decision?.verb === 'done' ? 0 : settings.PAGE_REVIEW_QUIET_TIME;
  const review = await examinePages(args.location, { pages, ...said, quietSeconds, recorded }, signal);
  if (review.is === 'open') return ask(context, review.problem);
  if (review.is === 'gone') {
    const again = issue.backupLocation === null ? '' : ', or decide redo to have the original upload split again';
    return ask(
      context,
      `the folder ${args.location} is not there, nor its ${pages} pages: put it back under this name${again}, or remove to take the issue out of the workflow`,
    );
  }
  log.info(`page review of ${issue.key} is done`);
  return done({
    commit: async (trx) => {
      await setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing' });
      await setPageCount(trx, issue.id, review.files.length);
      await recordReview(trx, context, review, pages);
    },
    then: [makeDerivatives(issue, settings)],
  });
}

/** The names that people gave become the recorded ones; what they deleted and replaced is kept as an event. */
async function recordReview(
  trx: Transaction<DB>,
  { args: { issueId, location }, decision, pipelineId }: Context,
  { files, changed }: Extract<PageReview, { is: 'ready' }>,
  pages: number,
): Promise<void> {
  await recordFiles(trx, { object: issueObject(issueId), role: 'page', directory: location, pipelineId, files });
  const accepted = files.filter(({ path }) => changed.includes(path)).map(({ path, sha256 }) => ({ path, sha256 }));
  const detail = { pages: files.length, deleted: pages - files.length, changed: accepted };
  const actor = decision?.actor ?? 'engine';
  await recordIssueEvent(trx, issueId, { actor, kind: 'pages_reviewed', pipelineId, detail });
}

function ask({ args, settings, decision }: Context, problem: string): Outcome {
  return hold({
    kind: 'person',
    action: pageReview.name,
    role: 'page reviewer',
    message: decision ? `not yet: ${problem}` : problem,
    payload: { directory: args.location },
    wakeAfter: `${settings.PAGE_REVIEW_RECHECK} s` as Duration,
    commit: (trx) => setIssueColumns(trx, args.issueId, { workflow_step: 'AwaitingPageReview' }),
  });
}

function askManagers(issue: Issue, message: string, directory: string): Outcome {
  return hold({
    kind: 'person',
    action: unfixableError.name,
    role: 'issue manager',
    message,
    payload: { directory },
    commit: (trx) => setIssueColumns(trx, issue.id, { workflow_step: 'UnfixableMetadataError' }),
  });
}

async function remove(issue: Issue, folder: string, settings: Settings): Promise<Outcome> {
  const removal = await removalOf(issue, folder); // one that throws is asked again: the decision stands
  return done({
    commit: (trx) => setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing' }),
    then: [removeErroredIssue(removal, settings)],
  });
}

function redo(issue: Issue, settings: Settings, location: string): Outcome {
  if (issue.backupLocation === null)
    throw new FatalError(
      `issue ${issue.key} has no original upload in the backup area to split again; requeue, then decide otherwise`,
    );
  return done({
    commit: (trx) => setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing' }),
    siblings: [...splitAgain(issue, issue.backupLocation, settings), askPageReview({ issueId: issue.id, location })],
  });
}
