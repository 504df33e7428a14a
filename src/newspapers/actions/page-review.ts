/** The questions of the page review (newspapers spec 5.5, 9). */
import { z } from 'zod';
import { defineAction } from '../../engine/action.js';
import { wholeNumber } from '../../engine/pen/parameters.js';
import { MEND_UNFIXABLE, REVIEW_PAGES } from '../roles.js';
import { yesOrNo } from './yes-or-no.js';

/** The pages are in order now: do not wait for the quiet time. */
export const pageReviewDone = z
  .object({
    deletedPages: wholeNumber(0).default(0).describe('how many pages were deleted on purpose'),
    acceptChanged: yesOrNo.default(false).describe('true: pages that the split did not make are right'),
  })
  .describe('the pages are in order: go on at once');

/** What is wrong with the issue, for those who mend it. */
export const errorReport = z
  .object({ error: z.string().trim().min(1, 'it must say what is wrong').describe('what is wrong with the issue') })
  .describe('reviewing pages does not mend it: hand it to the issue managers');

const removal = z.object({}).describe('take the issue out of the workflow, into the error area');
const splitAgain = z.object({}).describe('throw these pages away and split the original upload again');

export const pageReview = defineAction({
  name: 'page_review',
  title: 'put the pages in order: rename them 1.pdf, 2.pdf ..., delete what is no page',
  privilege: REVIEW_PAGES,
  verbPrivileges: { remove: MEND_UNFIXABLE },
  verbs: { done: pageReviewDone, report_error: errorReport, remove: removal, redo: splitAgain },
});

/** An error was reported during the page review. */
export const unfixableError = defineAction({
  name: 'unfixable_error',
  title: 'decide about an issue with an error that its reviewers cannot mend',
  privilege: MEND_UNFIXABLE,
  verbs: { return: z.object({}).describe('ask for the page review again'), remove: removal, redo: splitAgain },
});
