import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import type { DB } from '../../database/database.js';
import { done, FatalError } from '../../engine/job.js';
import { NotThere } from '../../files/existing.js';
import { defineFileJob } from '../../files/file-job.js';
import { assertAsRecorded } from '../../files/fixity/compare.js';
import { readFileSet, recordFiles, type KeptRecord } from '../../files/fixity/file-records.js';
import { listNumerically } from '../../files/list-numerically.js';
import { numberPages, renumberPages as renumber } from '../../files/renumber.js';
import { issueObject } from '../issues.js';
import { countPages } from '../pages.js';

/**
 * Names the pages 0001, 0002 ... in numeric order, never over another (newspapers spec 3.2.15, W8). Done when they are
 * named so. Of a reviewed issue there must be as many pages as the reviewer left: one that went away since is not lost
 * unseen. The records of the pages get the new names with them (W17).
 */
export const renumberPages = defineFileJob({
  type: 'renumber_pages',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { issueId, location }, db, signal, pipelineId }) {
    await renumber(location, signal);
    const pages = (await listNumerically(location)).filter((name) => /^\d{4}\.(pdf|tif)$/.test(name));
    const reviewed = await countPages(db, issueId);
    const found = pages.filter((name) => name.endsWith('.pdf')).length;
    if (reviewed !== 0 && found !== reviewed) {
      throw new (found < reviewed ? NotThere : FatalError)(
        `${found} pages are in ${location}, but there were ${reviewed} when the page review ended: put back what is missing (the original upload is in the backup area), then requeue`,
      );
    }
    const files = await renamedRecords(db, issueId, location, pages);
    if (!files) return undefined;
    const set = { object: issueObject(issueId), role: 'page', directory: location, pipelineId, files };
    return done({ commit: (trx) => recordFiles(trx, set) });
  },
});

/**
 * The records of the pages under their new names: numbering is a rule, so it gives the recorded names the same numbers
 * as it gave the files, also when a killed run renamed them. Undefined when nothing is recorded of them.
 *
 * @throws {FixityBroken} when other files lie there than are recorded
 */
async function renamedRecords(
  db: Kysely<DB>,
  issueId: number,
  location: string,
  pages: readonly string[],
): Promise<KeptRecord[] | undefined> {
  const set = await readFileSet(db, issueObject(issueId), location, 'page');
  if (!set) return undefined;
  const numbers = numberPages(
    location,
    set.files.map(({ path }) => path),
  );
  const files = set.files.map((file) => ({ ...file, path: numbers.get(file.path) ?? file.path }));
  const found = pages.map(async (path) => ({ path, size: (await lstat(join(location, path))).size }));
  assertAsRecorded(location, files, await Promise.all(found));
  return files;
}
