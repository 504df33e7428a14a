import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sql, type Kysely } from 'kysely';
import { z } from 'zod';
import type { DB } from '../../database/database.js';
import { done } from '../../engine/job.js';
import { defineFileJob } from '../../files/file-job.js';
import { assertFreeSpace } from '../../files/free-space.js';
import { isForArchiveOnly } from '../batch-files/layout.js';
import { theBatch } from '../batches/batches.js';
import { ISSUE_OBJECT } from '../issues.js';

/**
 * Looks for room before a batch is built: for the files that cannot be hard links in the output area, and for what the
 * live copy takes (W40). While there is none it is tried again, and nothing was begun.
 */
export const checkBatchSpace = defineFileJob({
  type: 'check_batch_space',
  queue: 'fast',
  timeout: '5 min',
  args: z.object({ batchId: z.number().int() }),
  async run({ args: { batchId }, db, settings }) {
    const batch = await theBatch(db, batchId);
    const { BATCH_OUTPUT_PATH: output, BATCH_PRODUCTION_PATH: live, WORKFLOW_PATH: workflow } = settings;
    const bytes = await bytesOf(db, batch.id);
    const [from, to, copy] = await Promise.all([deviceOf(workflow), deviceOf(output), deviceOf(live)]);
    const built = from === to ? 0 : bytes.all;
    await assertFreeSpace(output, to === copy ? built + bytes.live : built);
    await assertFreeSpace(live, bytes.live);
    return done({ result: { built, live: bytes.live } });
  },
});

async function bytesOf(db: Kysely<DB>, batchId: number): Promise<{ all: number; live: number }> {
  const { rows } = await sql<{ path: string; size: number }>`
    select f.path, f.size
    from newspapers.issues i
      join file_sets s on s.object_type = ${ISSUE_OBJECT} and s.object_id = i.id and s.directory = i.location
      join files f on f.set_id = s.id
    where i.batch_id = ${batchId}`.execute(db);
  const sum = (files: typeof rows) => files.reduce((total, { size }) => total + size, 0);
  return { all: sum(rows), live: sum(rows.filter(({ path }) => !isForArchiveOnly(path))) };
}

/** The filesystem of a directory, which need not exist yet. */
async function deviceOf(directory: string): Promise<number> {
  try {
    return (await stat(directory)).dev;
  } catch (error) {
    const parent = dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === directory) throw error;
    return deviceOf(parent);
  }
}
