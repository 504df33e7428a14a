/**
 * The round of an issue's metadata: entered, reviewed, entered again, handed to the issue managers (newspapers spec 4, 9).
 * Each question starts another, so they are one module; what their answers do is in ../metadata/.
 */
import { z } from 'zod';
import { defineJob } from '../../engine/job.js';
import type { PipelinePlan } from '../../engine/pipeline.js';
import { issueObject, type Issue } from '../issues.js';
import { enterMetadata as enter } from '../metadata/entry.js';
import { mendUnfixable as mend } from '../metadata/mend.js';
import { reviewMetadata as review } from '../metadata/review.js';
import { finalizeIssue } from './finalize-issue.js';
import { removeErroredIssue } from './remove-errored-issue.js';

const args = z.object({
  issueId: z.number().int(),
  /** What a reviewer, or somebody who found an error, said. */
  note: z.string().optional(),
  /** Whose desk it is on at first: a login. */
  assignee: z.string().optional(),
});

/** Why a question is asked, and on whose desk. */
export interface Asked {
  note?: string | undefined;
  assignee?: string | undefined;
}

/** Asks for the metadata. */
export const askMetadata = defineJob({
  type: 'metadata_entry',
  queue: 'fast', // the pages are counted
  timeout: '5 min',
  args,
  run: (context) => enter(context, { review: reviewMetadata, mend: mendUnfixable }),
});

/** Asks whether the metadata is right. */
export const askMetadataReview = defineJob({
  type: 'metadata_review',
  queue: 'fast',
  timeout: '5 min',
  args,
  run: (context) => review(context, { finalize: finalizeIssue, enter: enterMetadata }),
});

/** Asks what to do about an unfixable error. */
export const askUnfixable = defineJob({
  type: 'unfixable_metadata',
  queue: 'fast',
  timeout: '5 min',
  args,
  run: (context) => mend(context, { enter: enterMetadata, review: reviewMetadata, remove: removeErroredIssue }),
});

const about = (issue: Issue) => ({ description: `issue ${issue.key}`, object: issueObject(issue.id) });

/** Has the metadata of an issue entered again. The first time it is the end of *make derivatives*. */
export const enterMetadata = (issue: Issue, asked: Asked = {}): PipelinePlan => ({
  name: 'EnterMetadata',
  ...about(issue),
  jobs: [askMetadata({ issueId: issue.id, ...asked })],
});

/** Has it reviewed. The files' sums were taken when the files were made, so there is no manifest to make (NCA: QueueIssueForReview). */
export const reviewMetadata = (issue: Issue, asked: Asked = {}): PipelinePlan => ({
  name: 'ReviewMetadata',
  ...about(issue),
  jobs: [askMetadataReview({ issueId: issue.id, ...asked })],
});

/**
 * Has the issue managers decide about an issue. Its step becomes UnfixableMetadataError when they are asked.
 *
 * @param why what is wrong, and who said so
 */
export const mendUnfixable = (issue: Issue, why: string, asked: Omit<Asked, 'note'> = {}): PipelinePlan => ({
  name: 'MendUnfixable',
  ...about(issue),
  jobs: [askUnfixable({ issueId: issue.id, note: why, ...asked })],
});
