import { readdir } from 'node:fs/promises';
import { z } from 'zod';
import { defineJob, done, FatalError } from '../../engine/job.js';
import { setPageCount } from '../pages.js';

const NAMES = { 'pages of the split': /^seq-\d{4}\.pdf$/, 'JP2 images': /^\d{4}\.jp2$/ } as const;

/**
 * Gives the issue one row per page, labels still unknown (newspapers spec 3.2.14, W20): after the split, so that the page
 * review can account for every page (W25), and after the derivatives. Running it again keeps labels that are there.
 */
export const preparePageLabels = defineJob({
  type: 'prep_issue_page_labels',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({
    issueId: z.number().int(),
    location: z.string(),
    counting: z.enum(['pages of the split', 'JP2 images']),
  }),
  async run({ args }) {
    const pages = (await readdir(args.location)).filter((name) => NAMES[args.counting].test(name)).length;
    if (pages === 0)
      throw new FatalError(
        `there are no ${args.counting} in ${args.location}; move the pipeline back to the job before (run-jobs goto)`,
      );
    return done({ result: { pages }, commit: (trx) => setPageCount(trx, args.issueId, pages) });
  },
});
