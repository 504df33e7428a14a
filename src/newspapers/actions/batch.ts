/** The questions that batch pipelines ask people, and the answers they take (newspapers spec 8.1). */
import { z } from 'zod';
import { defineAction } from '../../engine/action.js';
import { InvalidFlagInput, parseFlagInputs } from '../batches/flag-input.js';
import { ARCHIVE_BATCHES, REVIEW_BATCHES } from '../roles.js';

const reason = (what: string) => z.string().trim().min(1, 'it must say why').describe(what);

/** Kept as it was written: the job reads it again. */
const issues = z
  .string()
  .superRefine((text, context) => {
    try {
      parseFlagInputs(text);
    } catch (error) {
      if (!(error instanceof InvalidFlagInput)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  })
  .describe('the issue: its key LCCN/YYYYMMDDEE, or its address on the site; several with spaces between');

const none = (effect: string) => z.object({}).describe(effect);

export const flagAnswer = z
  .object({ issue: issues, reason: reason('what is wrong with it, for those who mend it') })
  .describe('these issues must leave the batch');
export const unflagAnswer = z.object({ issue: issues }).describe('these issues are fine after all');
export const rejectAnswer = z
  .object({ reason: reason('what is wrong with the batch') })
  .describe('something is wrong: go on to flagging the bad issues');

/** The batch is on staging. */
export const batchQc = defineAction({
  name: 'batch_qc',
  title: 'look at the batch on staging: approve or reject it',
  privilege: REVIEW_BATCHES,
  verbs: { approve: none('it goes to production and into the archive'), reject: rejectAnswer },
});

/** The batch was rejected. */
export const batchFlagging = defineAction({
  name: 'batch_flagging',
  title: 'flag the bad issues of a rejected batch, then finalize',
  privilege: REVIEW_BATCHES,
  verbs: {
    flag: flagAnswer,
    unflag: unflagAnswer,
    finalize: none('the flagged issues leave for the issue managers, the batch is built again without them'),
    undo: none('the batch is deleted: flagged issues go to the issue managers, the others wait for another batch'),
    abort: none('forget the flags and the rejection: ask for the quality control again'),
  },
});

/** The batch is live. */
export const confirmArchived = defineAction({
  name: 'confirm_archived',
  title: 'say when the batch is safe in the dark archive',
  privilege: ARCHIVE_BATCHES,
  verbs: { archived: none('it is: four weeks from now its local files may be deleted') },
});

export const batchActions = [batchQc, batchFlagging, confirmArchived];
