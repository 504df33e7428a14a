import { z } from 'zod';
import { defineJob } from '../../engine/job.js';
import { renumberPages as renumber } from '../../files/renumber.js';

/** Names the pages 0001, 0002 ... in numeric order, never over another (newspapers spec 3.2.15, W8). Done when they are named so. */
export const renumberPages = defineJob({
  type: 'renumber_pages',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ location: z.string() }),
  async run({ args }) {
    await renumber(args.location);
    return undefined;
  },
});
