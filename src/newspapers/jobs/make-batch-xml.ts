import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done, FatalError } from '../../engine/job.js';
import { defineFileJob } from '../../files/file-job.js';
import { addFiles } from '../../files/fixity/add-files.js';
import { writeFileSafely } from '../../files/land.js';
import { absolutePath } from '../../files/paths.js';
import { theBag } from '../batch-files/bag-records.js';
import { writeBatchXml } from '../batch-files/batch-xml.js';
import { metsPath } from '../batch-files/layout.js';
import { listBatchIssues, theBatch } from '../batches/batches.js';

/** Writes `data/batch.xml` and records its sum (newspapers spec 3.3.27, 6.5). Running it again writes the same bytes. */
export const makeBatchXml = defineFileJob({
  type: 'make_batch_xml',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ batchId: z.number().int(), location: absolutePath }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { batchId, location }, db, pipelineId }) {
    const [batch, issues] = [await theBatch(db, batchId), await listBatchIssues(db, batchId)];
    const bag = await theBag(db, batchId, location);
    const there = new Set(bag.files.map(({ path }) => path));
    const lost = issues.find((issue) => !there.has(`data/${metsPath(issue)}`));
    if (lost)
      throw new FatalError(
        `the METS of issue ${lost.key} is not in ${location}; have the batch built anew: cancel its pipeline (bin/run-jobs cancel), then "bin/batches resume ${batch.fullName}"`,
      );
    const xml = Buffer.from(writeBatchXml(batch, issues));
    await writeFileSafely(join(location, 'data', 'batch.xml'), xml);
    const sha256 = createHash('sha256').update(xml).digest('hex');
    const file = { path: 'data/batch.xml', size: xml.length, sha256 };
    return done({
      result: { issues: issues.length },
      commit: (trx) => addFiles(trx, bag.id, [file], pipelineId),
    });
  },
});
