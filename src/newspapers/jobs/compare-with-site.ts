import { z } from 'zod';
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { defineJob, done, tryLater } from '../../engine/job.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { listBatchIssues, theBatch, type Batch } from '../batches/batches.js';
import { formerVersion } from '../batches/former-version.js';
import { latestRequest } from '../oni/agent-requests.js';
import { areSame, compareBatch, tellDifferences, type SentIssue } from '../oni/compare.js';
import { once, SiteReader, SiteTrouble } from '../oni/site-json.js';
import { SITES, webRoot, webSetting, type Site } from '../oni/sites.js';
import { countPages } from '../pages.js';

/** The site does not show the batch as we sent it, although its agent says that it was loaded (newspapers spec W29). */
export class SiteDiffers extends Error {
  override name = 'SiteDiffers';
}

/**
 * Looks that the site shows every issue and page of a batch that was just loaded (newspapers spec W29). Sites keep their
 * answers for minutes: what differs is looked at again a few times before a person is told. The version that it replaces
 * must be gone: somebody may have loaded that again while the site refused this one, and it is taken for gone from here on.
 */
export const compareWithSite = defineJob({
  type: 'compare_with_site',
  queue: 'io',
  timeout: '2 h',
  maxAttempts: 6, // eight minutes
  args: z.object({ batchId: z.number().int(), site: z.enum(SITES) }),
  async run({ args: { batchId, site }, db, settings, signal, log, pipelineId }) {
    const root = webRoot(settings, site);
    if (root === undefined) {
      const reason = `not compared: ${webSetting(site)} is not set`;
      log.warn(reason);
      return done({
        result: { compared: false, reason },
        commit: (trx) =>
          recordBatchEvent(trx, batchId, {
            actor: 'engine',
            kind: 'not_compared',
            detail: { site, reason },
            pipelineId,
          }),
      });
    }
    const { fullName } = await theBatch(db, batchId);
    const sent = await sentIssues(db, batchId);
    const reader = new SiteReader(root, signal);
    const former = await formerVersion(db, batchId);
    const differs = async (differences: string) =>
      new SiteDiffers(
        `the ${site} site does not show ${fullName} as it was sent: ${differences}. ${await remedy(db, { batchId, fullName, site, former, pipelineId })}`,
      );
    try {
      const shown = await reader.readBatch(
        reader.batchUrl(fullName),
        once((url) => reader.readTitle(url)),
      );
      const differences = await compareBatch(sent, shown, (issue) => reader.countPages(issue.url));
      if (!areSame(differences)) throw await differs(tellDifferences(differences));
      if (former && (await reader.shows(former.fullName)))
        throw await differs(`it shows ${former.fullName}, which this one replaces, as well`);
    } catch (error) {
      if (!(error instanceof SiteTrouble)) throw error;
      if (error.status === 404) throw await differs(`there is nothing at ${error.url}`);
      return tryLater({ after: '5 min', deadline: '1 d', reason: error.message });
    }
    const pages = sent.reduce((sum, issue) => sum + issue.pages, 0);
    return done({ result: { compared: true, issues: sent.length, pages } });
  },
});

interface Loaded {
  batchId: number;
  fullName: string;
  site: Site;
  former: Batch | undefined;
  pipelineId: number;
}

/** From where the pipeline must go on: of a version that replaces another both go first, as the words of a page are kept by its address. */
async function remedy(db: Kysely<DB>, { batchId, fullName, site, former, pipelineId }: Loaded): Promise<string> {
  const load = await latestRequest(db, { batchId, site, action: 'load' });
  const agent = `bin/agent --site ${site}`;
  const purges = [fullName, ...(former ? [former.fullName] : [])].map((name) => `"${agent} purge-batch ${name}"`);
  const { sequence } = await db
    .selectFrom('jobs')
    .select(({ fn }) => fn.max('sequence').as('sequence'))
    .where('pipeline_id', '=', pipelineId)
    .where('type', '=', former ? 'oni_purge_batch' : 'oni_load_batch')
    .where('status', 'in', ['success', 'skipped'])
    .executeTakeFirstOrThrow();
  return (
    (load && load.jobId !== null && load.jobId > 0 ? `"${agent} job-logs ${load.jobId}" tells why. ` : '') +
    `Mend that, take off what is loaded with ${purges.join(' and ')}, and go back to the load with "bin/run-jobs goto ${pipelineId} ${sequence} --reason ..."`
  );
}

async function sentIssues(db: Kysely<DB>, batchId: number): Promise<SentIssue[]> {
  const issues = await listBatchIssues(db, batchId);
  const sent: SentIssue[] = [];
  for (const { id, key } of issues) sent.push({ key, pages: await countPages(db, id) });
  return sent;
}
