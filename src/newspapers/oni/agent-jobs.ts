/** What batch pipelines ask of a site (newspapers spec 4, 8.5). */
import { entwined, type JobCall } from '../../engine/job.js';
import { compareWithSite } from '../jobs/compare-with-site.js';
import { oniLoadBatch } from '../jobs/oni-load-batch.js';
import { oniPurgeBatch } from '../jobs/oni-purge-batch.js';
import { oniWaitForJob } from '../jobs/oni-wait-for-job.js';
import type { Site } from './sites.js';

/** Loads a batch on a site, and looks that the site shows all of it (W29). */
export const loadBatch = (batchId: number, site: Site): JobCall[] => [
  ...entwined(oniLoadBatch({ batchId, site }), oniWaitForJob({ batchId, site, action: 'load' })),
  compareWithSite({ batchId, site }),
];

/** Takes a batch off a site. */
export const purgeBatch = (batchId: number, site: Site): JobCall[] =>
  entwined(oniPurgeBatch({ batchId, site }), oniWaitForJob({ batchId, site, action: 'purge' }));

/**
 * Puts a batch in the place of its former version. One group: a load that is tried again purges again, so that a former version
 * that somebody loaded meanwhile, because the site refused the new one, does not stay. One that is there beside the new one is
 * found by the comparison.
 */
export const replaceBatch = (formerId: number, batchId: number, site: Site): JobCall[] => [
  ...entwined(
    oniPurgeBatch({ batchId: formerId, site }),
    oniWaitForJob({ batchId: formerId, site, action: 'purge' }),
    oniLoadBatch({ batchId, site }),
    oniWaitForJob({ batchId, site, action: 'load' }),
  ),
  compareWithSite({ batchId, site }),
];
