import { readdir } from 'node:fs/promises';
import { sql } from 'kysely';
import { z } from 'zod';
import { defineJob, done, FatalError } from '../../engine/job.js';

/** Gives the issue one row per page, labels still unknown (newspapers spec 3.2.14, W20). Running it again keeps labels that are there. */
export const preparePageLabels = defineJob({
  type: 'prep_issue_page_labels',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  async run({ args, db }) {
    const pages = (await readdir(args.location)).filter((name) => /^\d{4}\.jp2$/.test(name)).length;
    if (pages === 0)
      throw new FatalError(`there are no page images in ${args.location}; move the pipeline back to make_derivatives`);
    await db.transaction().execute(async (trx) => {
      await sql`insert into newspapers.pages (issue_id, number) select ${args.issueId}, n from generate_series(1, ${pages}::int) n on conflict do nothing`.execute(
        trx,
      );
      await sql`delete from newspapers.pages where issue_id = ${args.issueId} and number > ${pages}`.execute(trx);
    });
    return done({ result: { pages } });
  },
});
