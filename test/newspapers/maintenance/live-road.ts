/** Batches that are live or in the dark archive, for tests of what comes after. */
import { onTestFinished } from 'vitest';
import type { Batch } from '../../../src/newspapers/batches/batches.js';
import type { Issue } from '../../../src/newspapers/issues.js';
import { startFakeSite, type FakeSite } from '../../../src/newspapers/oni/fake-agent/fake-site.js';
import { rows } from '../../engine/support.js';
import { batchAtQc, decided, reread, untilBatchAsks, untilBatchIs, type Site } from '../batches/batch-road.js';

/** The public site of a test's production agent: loads are compared with what it shows (W29). */
export async function givenPublicSite(site: Site): Promise<FakeSite> {
  const shown = await startFakeSite({ oni: site.production.world.oni });
  onTestFinished(() => shown.stop());
  site.settings.NEWS_WEBROOT = shown.url;
  return shown;
}

/** A runner is at work. */
export async function liveBatch(site: Site, count: number): Promise<{ batch: Batch; issues: Issue[] }> {
  const { batch, issues } = await batchAtQc(site, count);
  await decided(site, batch, 'batch_qc', 'approve');
  await untilBatchAsks(site, batch, 'confirm_archived');
  return { batch: await reread(site, batch), issues };
}

export async function archivedBatch(
  site: Site,
  count: number,
  daysAgo: number,
): Promise<{ batch: Batch; issues: Issue[] }> {
  const { batch, issues } = await liveBatch(site, count);
  await decided(site, batch, 'confirm_archived', 'archived', {}, 'lou');
  await untilBatchIs(site, batch, 'live_archived');
  await rows(site.own, `update newspapers.batches set archived_at = now() - make_interval(days => $2, mins => 1) where id = $1`, [batch.id, daysAgo]); // prettier-ignore
  return { batch: await reread(site, batch), issues };
}
