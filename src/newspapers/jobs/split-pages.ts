import { join } from 'node:path';
import { z } from 'zod';
import { defineJob, done } from '../../engine/job.js';
import { listNumerically } from '../../files/list-numerically.js';
import { splitPdfs } from '../derivatives/split.js';

/**
 * Splits the PDFs of an upload, in numeric order, to one PDF per page, `seq-0001.pdf` onwards (newspapers spec 3.2.17, 6.1).
 * Done when the output directory is there: it appears whole, by a rename.
 */
export const splitPages = defineJob({
  type: 'page_split',
  queue: 'cpu',
  timeout: '1 h',
  maxAttempts: 5,
  args: z.object({ source: z.string(), output: z.string() }),
  async run({ args, settings, signal, log }) {
    const names = (await listNumerically(args.source)).filter((name) => /\.pdf$/i.test(name));
    const { pages } = await splitPdfs({
      sources: names.map((name) => join(args.source, name)),
      outputDirectory: args.output,
      minimumPages: settings.MINIMUM_ISSUE_PAGES,
      signal,
      log,
    });
    return done({ result: { pages } });
  },
});
