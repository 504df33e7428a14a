import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done } from '../../engine/job.js';
import { defineFileJob } from '../../files/file-job.js';
import { makeDerivatives as make } from '../derivatives/derivatives.js';
import { theIssue } from './issue-job.js';

/**
 * Makes JP2 and ALTO of every page (newspapers spec 3.2.16, 6). Pages run side by side within the queue's share. A derivative
 * that is there and verifies is not made again, so a run after a crash goes on where the former was.
 */
export const makeIssueDerivatives = defineFileJob({
  type: 'make_derivatives',
  queue: 'cpu',
  timeout: '12 h',
  maxAttempts: 5,
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args, db, settings, share, progress, log, signal }) {
    const issue = await theIssue(db, args.issueId);
    const pages = await make({
      directory: args.location,
      kind: issue.kind,
      dpi: issue.kind === 'scan' ? settings.SCANNED_PDF_DPI : settings.DPI,
      quality: settings.QUALITY,
      language: issue.language,
      share,
      progress,
      log,
      signal,
    });
    return done({ result: { pages: pages.length } });
  },
});
