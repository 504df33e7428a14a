/** SHA-256 sums of the bags of imported batches that are on staging or live: their own manifests (newspapers spec 5.9). */
import { join } from 'node:path';
import { sql } from 'kysely';
import { readBag } from '../../files/bagit/read-bag.js';
import { sha256OfAll } from '../../files/checksum.js';
import { isClutter } from '../../files/clutter.js';
import { existing } from '../../files/existing.js';
import { recordFiles, type FileRecord } from '../../files/fixity/file-records.js';
import { listTree } from '../../files/list-tree.js';
import { BAG_ROLE } from '../batch-files/bag-records.js';
import { batchObject } from '../batches/batch-object.js';
import { listed } from '../listed.js';
import type { ImportWork } from './import-work.js';

interface Batch {
  id: number;
  full_name: string;
  isLive: boolean;
  /** Null of a live one, whose files NCA has moved to the archive area. */
  location: string | null;
}

/**
 * Records the files of every batch that is on staging, so that its move to the archive is checked against them, and of every
 * live one that is not complete yet, so that it can be patched, and its working files be deleted because it holds them.
 */
export async function importBagSums({ trx, notices, settings, signal }: ImportWork): Promise<void> {
  const { rows: batches } = await sql<Batch>`
    select id, full_name, location, status in ('live', 'live_archived') as "isLive" from newspapers.batches
    where status in ('qc_ready', 'qc_flagging') and location is not null or status in ('live', 'live_archived') order by id`.execute(
    trx,
  );
  for (const batch of batches) {
    const directory = batch.location ?? join(settings.BATCH_ARCHIVE_PATH, batch.full_name);
    const found = await findBag(directory, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      return { files: [], problems: [(error as Error).message] };
    });
    if (found.problems.length > 0) {
      const so = batch.isLive
        ? 'it can neither be patched nor its working files be deleted here; import again when its files are there, or delete them by hand'
        : 'nothing is checked when it moves to the archive; reject it to have it built anew';
      notices.push(`batch ${batch.full_name}: its sums could not be taken over (${listed(found.problems)}), so ${so}`);
      continue;
    }
    await recordFiles(trx, {
      object: batchObject(batch.id),
      role: BAG_ROLE,
      directory,
      pipelineId: null,
      files: found.files,
    });
  }
}

/** The files of a bag, with the sums of its manifests; of what no manifest lists, as of the tag manifest itself, the sum is taken now. */
async function findBag(
  location: string,
  signal: AbortSignal | undefined,
): Promise<{ files: FileRecord[]; problems: string[] }> {
  if (!(await existing(location, 'directory'))) return { files: [], problems: [`${location} is not here`] };
  const tree = await listTree(location, signal);
  const { manifests, problems } = await readBag(location, tree);
  if (problems.length > 0) return { files: [], problems };
  const sums = new Map(manifests.filter(({ algorithm }) => algorithm === 'sha256').flatMap((one) => [...one.sums]));
  const there = new Set(tree.files.map(({ path }) => path));
  const lost = [...sums.keys()].filter((path) => !there.has(path)).map((path) => `${path} is gone`);
  const unlisted = tree.files.filter(({ path }) => !sums.has(path) && !isClutter(path));
  const strange = unlisted
    .filter(({ path }) => path.startsWith('data/'))
    .map(({ path }) => `${path} is in no manifest`);
  if (lost.length + strange.length > 0) return { files: [], problems: [...lost, ...strange] };
  const taken = await sha256OfAll(unlisted.map(({ path }) => join(location, path)), signal); // prettier-ignore
  for (const [i, { path }] of unlisted.entries()) sums.set(path, taken[i] ?? '');
  const files = tree.files.flatMap(({ path, size }) => {
    const sha256 = sums.get(path);
    return sha256 === undefined ? [] : [{ path, size, sha256 }];
  });
  return { files, problems: [] };
}
