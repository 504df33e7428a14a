import { z } from 'zod';
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { defineJob, done, tryLater } from '../../engine/job.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { listBatchIssues, theBatch } from '../batches/batches.js';
import { latestRequest } from '../oni/agent-requests.js';
import { areSame, compareBatch, tellDifferences, type SentIssue } from '../oni/compare.js';
import { once, SiteReader, SiteTrouble } from '../oni/site-json.js';
import { SITES, webRoot, webSetting, type Site } from '../oni/sites.js';
import { countPages } from '../pages.js';

/** The site does not show the batch as we sent it, although its agent says that it was loaded (newspapers spec W29). */
export class SiteDiffers extends Error {
  override name = 'SiteDiffers';
  /** @param loadJob number of the agent's job that loaded it */
  constructor(fullName: string, site: Site, differences: string, loadJob: number | null | undefined) {
    const tells = loadJob != null && loadJob > 0 ? `"bin/agent --site ${site} job-logs ${loadJob}" tells why. ` : '';
    super(
      `the ${site} site does not show ${fullName} as it was sent: ${differences}. ${tells}` +
        `Mend that, take the batch off with "bin/agent --site ${site} purge-batch ${fullName}", and move this pipeline back to its oni_load_batch with "bin/run-jobs goto"`,
    );
  }
}

/**
 * Looks that the site shows every issue and page of a batch that was just loaded (newspapers spec W29). Sites keep their
 * answers for minutes: what differs is looked at again a few times before a person is told.
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
    const differs = async (differences: string): Promise<SiteDiffers> => {
      const load = await latestRequest(db, { batchId, site, action: 'load' });
      return new SiteDiffers(fullName, site, differences, load?.jobId);
    };
    try {
      const shown = await reader.readBatch(
        reader.batchUrl(fullName),
        once((url) => reader.readTitle(url)),
      );
      const differences = await compareBatch(sent, shown, (issue) => reader.countPages(issue.url));
      if (!areSame(differences)) throw await differs(tellDifferences(differences));
    } catch (error) {
      if (!(error instanceof SiteTrouble)) throw error;
      if (error.status === 404) throw await differs(`there is nothing at ${error.url}`);
      return tryLater({ after: '5 min', deadline: '1 d', reason: error.message });
    }
    const pages = sent.reduce((sum, issue) => sum + issue.pages, 0);
    return done({ result: { compared: true, issues: sent.length, pages } });
  },
});

async function sentIssues(db: Kysely<DB>, batchId: number): Promise<SentIssue[]> {
  const issues = await listBatchIssues(db, batchId);
  const sent: SentIssue[] = [];
  for (const { id, key } of issues) sent.push({ key, pages: await countPages(db, id) });
  return sent;
}
