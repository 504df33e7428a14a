import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done, FatalError, type Commit } from '../../engine/job.js';
import { fillBag } from '../../files/bagit/fill-bag.js';
import { makeTagFiles, writeTagFiles } from '../../files/bagit/write-bag.js';
import { existing, vanished } from '../../files/existing.js';
import { defineFileJob } from '../../files/file-job.js';
import { assertAsRecorded, compareFiles, tellDamage } from '../../files/fixity/compare.js';
import { recordFiles, type FileRecord, type KeptRecord } from '../../files/fixity/file-records.js';
import { listTree } from '../../files/list-tree.js';
import { wipOf } from '../../files/move.js';
import { absolutePath } from '../../files/paths.js';
import { quoted } from '../../files/quoted.js';
import { renameDirectory } from '../../files/rename-directory.js';
import { describeBag } from '../batch-files/bag-info.js';
import { isPayload, LIVE_ROLE, rebuildIt, theBag } from '../batch-files/bag-records.js';
import { assertNoneBroken } from '../batch-files/gather-issues.js';
import { isForArchiveOnly } from '../batch-files/layout.js';
import { batchObject, theBatch } from '../batches/batches.js';

/**
 * Copies a batch for the sites, without TIFFs and tars, as a whole bag of its own (newspapers spec 4, MakeBatch 10 to 12;
 * 5.8). Each file's sum is taken while it is copied and compared with its record (W17). The copy grows under `.wip-…` and
 * gets its name when it is whole. Done before: it stands there with the manifest that it would get.
 */
export const copyLive = defineFileJob({
  type: 'copy_live',
  queue: 'io',
  timeout: '12 h',
  args: z.object({ batchId: z.number().int(), from: absolutePath, to: absolutePath }),
  locks: ({ from, to }) => [filesLock(from), filesLock(to)],
  async run({ args: { batchId, from, to }, db, signal, progress, pipelineId }) {
    const [batch, bag] = [await theBatch(db, batchId), await theBag(db, batchId, from)];
    const payload = bag.files.filter((file) => isPayload(file) && !isForArchiveOnly(file.path));
    const info = await describeBag(
      batch,
      payload,
      'Newspaper issues for the sites: without masters and original uploads',
    );
    const tagFiles = makeTagFiles({ version: '0.97', payload, info });
    const files: FileRecord[] = [...payload, ...tagFiles].map(({ path, size, sha256 }) => ({ path, size, sha256 }));
    const set = { object: batchObject(batchId), role: LIVE_ROLE, directory: to, pipelineId, files };
    const commit: Commit = (trx) => recordFiles(trx, set);
    if (await existing(to, 'directory')) {
      await assertIsThisCopy(to, payload, signal);
      await writeTagFiles(to, tagFiles);
      return done({ result: { files: files.length, because: 'copied before' }, commit });
    }
    if (!(await existing(from, 'directory')))
      throw await vanished(from, 'it was to be copied for the sites; put it back and requeue');
    const remedy = rebuildIt(batch.fullName);
    assertAsRecorded(from, bag.files, (await listTree(from, signal)).files, remedy); // its listing tells before a byte is copied

    const wip = wipOf(to);
    const entering = payload.map((record) => ({ path: record.path, directory: from, record }));
    const { damaged, copied, kept } = await fillBag(wip, entering, { mayLink: false, signal, progress });
    assertNoneBroken(damaged, remedy);
    await writeTagFiles(wip, tagFiles);
    await renameDirectory(wip, to);
    return done({ result: { files: files.length, copied, kept }, commit });
  },
});

/** @throws FatalError when what stands there is another copy, or has lost or gained files */
async function assertIsThisCopy(to: string, payload: readonly KeptRecord[], signal: AbortSignal): Promise<void> {
  const refuse = (why: string) =>
    new FatalError(`${quoted(to)} is there already, but ${why}; look what it is, move it away and requeue`);
  const path = join(to, 'manifest-sha256.txt');
  const manifest = (await existing(path, 'file')) ? await readFile(path, 'utf8') : undefined;
  const [, wanted] = makeTagFiles({ version: '0.97', payload, info: [] });
  if (manifest !== wanted?.text) throw refuse('it is no copy of this batch as it is now: its manifest is another');
  const [damage] = compareFiles(payload, (await listTree(to, signal)).files.filter(isPayload));
  if (damage) throw refuse(`not whole: ${tellDamage(damage)}`);
}
