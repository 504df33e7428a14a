import { readdir } from 'node:fs/promises';
import { z } from 'zod';
import { defineJob, FatalError } from '../../engine/job.js';
import { renumberPages as renumber } from '../../files/renumber.js';
import { countPages } from '../pages.js';

/**
 * Names the pages 0001, 0002 ... in numeric order, never over another (newspapers spec 3.2.15, W8). Done when they are
 * named so. Of a reviewed issue there must be as many pages as the reviewer left: one that went away since is not lost unseen.
 */
export const renumberPages = defineJob({
  type: 'renumber_pages',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  async run({ args, db, signal }) {
    await renumber(args.location, signal);
    const reviewed = await countPages(db, args.issueId);
    const found = (await readdir(args.location)).filter((name) => /^\d{4}\.pdf$/.test(name)).length;
    if (reviewed !== 0 && found !== reviewed) {
      throw new FatalError(
        `${found} pages are in ${args.location}, but there were ${reviewed} when the page review ended: put back what is missing (the original upload is in the backup area), then requeue`,
      );
    }
    return undefined;
  },
});
