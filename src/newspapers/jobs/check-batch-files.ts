import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done } from '../../engine/job.js';
import { isThere } from '../../files/existing.js';
import { defineFileJob } from '../../files/file-job.js';
import { assertAsRecorded } from '../../files/fixity/compare.js';
import { readFileSet } from '../../files/fixity/file-records.js';
import { sumDirectory } from '../../files/fixity/sum-directory.js';
import { verifiedFiles, wipOf } from '../../files/move.js';
import { absolutePath } from '../../files/paths.js';
import { quoted } from '../../files/quoted.js';
import { BAG_ROLE, LIVE_ROLE } from '../batch-files/bag-records.js';
import { batchObject, theBatch } from '../batches/batches.js';

/**
 * Reads the full batch and its live copy and compares them with their records, before production is asked to load it: what
 * rotted since quality control is found while the batch can still go back there (W17, W38). A batch that another program
 * made has no records. Once the archive has a verified copy, only the live copy is read.
 */
export const checkBatchFiles = defineFileJob({
  type: 'check_batch_files',
  queue: 'io',
  timeout: '12 h',
  args: z.object({ batchId: z.number().int(), location: absolutePath, live: absolutePath, archive: absolutePath }),
  locks: ({ location, live }) => [filesLock(location), filesLock(live)],
  async run({ args: { batchId, location, live, archive }, db, signal }) {
    const { fullName } = await theBatch(db, batchId);
    const moved = await wholeCopy(location, archive);
    const remedy = moved
      ? `The same files are in ${quoted(moved)}: copy those of them over these, then "bin/batches resume ${fullName}"`
      : `"bin/batches ask ${fullName}" brings it back to quality control: then reject it, ` +
        'flag the issues of these files and finalize, or undo it, and it is built again';
    const check = async (directory: string, role: string): Promise<number> => {
      const set = await readFileSet(db, batchObject(batchId), directory, role);
      if (!set) return 0;
      const paths = new Set(set.files.map(({ path }) => path));
      const found = await sumDirectory(directory, (path) => paths.has(path), signal);
      assertAsRecorded(directory, set.files, found, remedy);
      return set.files.length;
    };
    const bag = moved ? 0 : await check(location, BAG_ROLE);
    return done({ result: { bag, live: await check(live, LIVE_ROLE) } });
  },
});

/** Where the archive's verified copy is; undefined: there is none yet. */
async function wholeCopy(location: string, archive: string): Promise<string | undefined> {
  if (await isThere(archive)) return archive;
  const wip = wipOf(archive);
  return (await isThere(wip)) && (await verifiedFiles({ from: location, to: archive })) !== undefined ? wip : undefined;
}
