import { join } from 'node:path';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done } from '../../engine/job.js';
import { makeTagFiles, TAG_FILES, writeTagFiles } from '../../files/bagit/write-bag.js';
import { sha256OfAll } from '../../files/checksum.js';
import { isClutter } from '../../files/clutter.js';
import { defineFileJob } from '../../files/file-job.js';
import { addFiles } from '../../files/fixity/add-files.js';
import { assertAsRecorded } from '../../files/fixity/compare.js';
import type { FileRecord } from '../../files/fixity/file-records.js';
import { listTree, type Tree } from '../../files/list-tree.js';
import { absolutePath } from '../../files/paths.js';
import { describeBag } from '../batch-files/bag-info.js';
import { isPayload, rebuildIt, theBag } from '../batch-files/bag-records.js';
import { theBatch } from '../batches/batches.js';

/**
 * Makes a batch a bag: bagit.txt, manifest-sha256.txt, bag-info.txt, tagmanifest-sha256.txt (newspapers spec 3.3.28, 5.9).
 * The manifest is what is recorded of the files, which were read as they entered: none is read again (W17). Running it
 * again writes the same bytes, also over its own half-made ones (W9).
 */
export const writeBag = defineFileJob({
  type: 'write_bagit_manifest',
  queue: 'io',
  timeout: '2 h',
  args: z.object({ batchId: z.number().int(), location: absolutePath }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { batchId, location }, db, signal, pipelineId }) {
    const [batch, bag] = [await theBatch(db, batchId), await theBag(db, batchId, location)];
    const tree = await listTree(location, signal);
    const payload = bag.files.filter(isPayload);
    assertAsRecorded(location, payload, tree.files.filter(isPayload), rebuildIt(batch.fullName)); // names and sizes: a manifest must not lie
    const others = await otherTagFiles(location, tree, signal);
    const info = await describeBag(
      batch,
      payload,
      'Newspaper issues in full: masters, derivatives, metadata, original uploads',
    );
    const files = makeTagFiles({ version: '0.97', payload, info, others });
    await writeTagFiles(location, files);
    return done({
      result: { files: payload.length },
      commit: (trx) => addFiles(trx, bag.id, [...files, ...others], pipelineId),
    });
  },
});

/** Files that somebody laid beside ours belong to the bag: the tag manifest lists them (newspapers spec 11.3, bag d). */
async function otherTagFiles(location: string, tree: Tree, signal: AbortSignal): Promise<FileRecord[]> {
  const files = tree.files.filter((file) => !isPayload(file) && !TAG_FILES.has(file.path) && !isClutter(file.path));
  const sums = await sha256OfAll(files.map(({ path }) => join(location, path)), signal); // prettier-ignore
  return files.map(({ path, size }, i) => ({ path, size, sha256: sums[i] ?? '' }));
}
