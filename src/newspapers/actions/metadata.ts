/** The questions about an issue's metadata (newspapers spec 9). All of them take a claim. */
import { z } from 'zod';
import { defineAction, type Asking } from '../../engine/action.js';
import { ISSUE_OBJECT } from '../issue-object.js';
import { metadataParameters } from '../metadata/fields.js';
import { ENTER_METADATA, MEND_UNFIXABLE, REVIEW_METADATA, REVIEW_OWN_METADATA } from '../roles.js';
import { yesOrNo } from './yes-or-no.js';

/** What is known so far; nothing but types is checked. */
export const metadataDraft = z
  .object(metadataParameters)
  .describe('keep what is given, unchecked; the question stays on your desk');

/** With what was kept before, this is the metadata. */
export const metadataSubmission = z
  .object({
    ...metadataParameters,
    acceptWarnings: yesOrNo.default(false).describe('true: it is right although the issue seems to be there already'),
  })
  .describe('send it to review, with what was kept; what is not right is told, and kept as a draft');

/** What is wrong with the issue, for its managers. */
export const issueErrorReport = z
  .object({
    error: z.string().trim().min(1, 'it must say what is wrong').describe('what is wrong with the issue'),
  })
  .describe('no metadata mends it: hand it to the issue managers');

const firstOf = (message: string | null): string | null =>
  message !== null && message.length > 150 ? `${message.slice(0, 147)}... (show tells all)` : message;
const summary = ({ message }: Asking): string => firstOf(message) ?? '';

export const metadataEntry = defineAction({
  name: 'metadata_entry',
  title: "enter the issue's metadata",
  privilege: ENTER_METADATA,
  needsClaim: true,
  summary,
  verbs: { submit: metadataSubmission, draft: metadataDraft, report_error: issueErrorReport },
});

/** Why the metadata is not right. */
export const metadataRejection = z
  .object({ notes: z.string().trim().min(1, 'it must say what is wrong').describe('what is wrong, for the curator') })
  .describe('back to whoever entered it');

/** Whoever submitted the metadata is not the one who approves it; who only drafted some of it may, as in NCA. */
export const metadataReview = defineAction({
  name: 'metadata_review',
  title: "review the issue's metadata",
  privilege: REVIEW_METADATA,
  needsClaim: true,
  summary,
  verbs: {
    approve: z.object({}).describe('it is right: the issue goes on to METS, ready for a batch'),
    reject: metadataRejection,
  },
  fourEyes: {
    async notBy({ object }, db) {
      if (object?.type !== ISSUE_OBJECT) return [];
      const issue = await db
        .selectFrom('newspapers.issues')
        .select('metadata_entered_by as by')
        .where('id', '=', object.id)
        .executeTakeFirst();
      return issue?.by == null ? [] : [issue.by];
    },
    unless: REVIEW_OWN_METADATA,
  },
});

/** Whose desk the issue comes to. */
export const returnTo = z.object({
  owner: z.string().trim().min(1, 'it must be a login').optional().describe('the login of whose desk it comes to'),
});

/** An error was reported while its metadata was entered, or by those who looked at its batch. */
export const unfixableMetadata = defineAction({
  name: 'unfixable_metadata',
  title: 'decide about an issue with an error that its curators cannot mend',
  privilege: MEND_UNFIXABLE,
  needsClaim: true,
  summary,
  verbs: {
    return_to_entry: returnTo.describe('have the metadata entered again'),
    return_to_review: returnTo.describe('have the metadata reviewed as it is; it must be valid'),
    remove: z.object({}).describe('take the issue out of the workflow, into the error area'),
  },
});

export const metadataActions = [metadataEntry, metadataReview, unfixableMetadata];
