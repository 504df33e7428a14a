import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done, tryLater } from '../../engine/job.js';
import { defineFileJob } from '../../files/file-job.js';
import { forgetFiles } from '../../files/fixity/file-records.js';
import { absolutePath } from '../../files/paths.js';
import { giveBack } from '../give-back.js';
import { recordIssueEvent } from '../issue-events.js';
import { issueObject, setIssueColumns } from '../issues.js';
import { theIssue } from './issue-job.js';

/** A runner may need a moment to stop the job that was cancelled under it. */
const LOOK_AGAIN = '10 s';

const args = z.object({
  issueId: z.number().int(),
  places: z.object({
    upload: absolutePath,
    work: absolutePath,
    split: absolutePath,
    backup: absolutePath,
    review: absolutePath,
  }),
  /** The intake had begun to delete the upload. */
  wasTaken: z.boolean(),
  /** Until then the cancelled job may still be at work somewhere: ISO 8601. */
  notBefore: z.iso.datetime(),
  actor: z.string(),
  reason: z.string(),
});

/**
 * Brings the files of a cancelled intake back to the upload place, removes what was made of them, and takes the issue
 * out of the workflow, so that the upload can be queued again (newspapers spec W27, W33). Done when the issue is out.
 */
export const giveBackUpload = defineFileJob({
  type: 'give_back_upload',
  queue: 'io',
  timeout: '12 h',
  args,
  locks: ({ places }) => Object.values(places).map(filesLock),
  async run({ args: { issueId, places, wasTaken, notBefore, actor, reason }, db, signal, progress, log }) {
    const issue = await theIssue(db, issueId);
    if (issue.ignored) return done({ result: { because: 'given back before' } });
    if (new Date() < new Date(notBefore))
      return tryLater({ after: LOOK_AGAIN, deadline: '1 h', reason: 'the cancelled job may still be stopping' });
    await giveBack(issue.kind, places, wasTaken, { signal, progress });
    log.info(`the upload of ${issue.key} lies in ${places.upload} again`);
    return done({
      commit: async (trx) => {
        await setIssueColumns(trx, issueId, {
          workflow_step: 'UnfixableMetadataError',
          ignored: true,
          location: null,
          backup_location: null,
        });
        await forgetFiles(trx, issueObject(issueId));
        const detail = { reason, upload: places.upload };
        await recordIssueEvent(trx, issueId, { actor, kind: 'upload_given_back', detail });
      },
    });
  },
});
