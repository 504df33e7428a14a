/** The layout of the next version of a batch, killed at any point and run again (newspapers spec W36). */
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { Done, JobContext } from '../../../src/engine/job.js';
import { readFileSets } from '../../../src/files/fixity/file-records.js';
import type * as threads from '../../../src/files/threads.js';
import { closeThreads } from '../../../src/files/threads.js';
import { batchObject } from '../../../src/newspapers/batches/batches.js';
import { createPatchedStructure } from '../../../src/newspapers/jobs/create-patched-structure.js';
import { rows, testSettings, useDatabase } from '../../engine/support.js';
import { killAfter, restart } from '../../files/killed.js';
import { readTree } from '../../files/trees.js';
import { BatchStage, givenPages } from '../batch-files/batch-stage.js';

vi.mock('node:fs/promises', async (original) => (await import('../../files/killed.js')).killable(await original()));
vi.mock('../../../src/files/threads.js', async (original) =>
  (await import('../../files/killed.js')).killableThreads(await original<typeof threads>()),
);
const own = useDatabase();
const stage = new BatchStage(own, givenPages());
afterAll(() => closeThreads());

test('W36: it holds what is kept, and the former version stays as it is', { timeout: 180_000 }, async () => {
  const given = await stage.batch(2);
  for (const job of stage.jobs(given)) await stage.run(job);
  const [removed, kept] = given.issues;
  const [row] = await rows<{ id: number }>(
    own,
    `insert into newspapers.batches (org_id, name, full_name, version, replaces)
     select org_id, name, replace(full_name, '_ver01', '_ver02'), 2, id from newspapers.batches where id = $1 returning id::int`,
    [given.batch.id],
  );
  const batchId = row?.id ?? 0;
  await rows(own, 'update newspapers.issues set batch_id = $1 where id = $2', [batchId, kept?.id]);
  const location = join(dirname(given.output), '.wip-next');
  const former = readTree(given.output);
  const expected = Object.keys(former).filter((path) => path.startsWith(`data/${kept?.lccn ?? ''}/`)).sort(); // prettier-ignore
  expect(expected.length).toBeGreaterThan(4);
  expect(expected.some((path) => path.includes(removed?.lccn ?? ''))).toBe(false);

  const run = async () => {
    const signal = new AbortController().signal;
    const context: Partial<JobContext<{ batchId: number; location: string }>> = {
      args: { batchId, location },
      db: stage.db,
      settings: testSettings,
      pipelineId: 1,
      signal,
      progress: { report: () => undefined },
    };
    const outcome = await createPatchedStructure.definition.run(context as JobContext<{ batchId: number; location: string }>); // prettier-ignore
    await stage.db.transaction().execute(async (trx) => (outcome as Done).commit?.(trx));
  };
  for (let calls = 0; ; calls += 6) {
    rmSync(location, { recursive: true, force: true });
    killAfter(calls);
    const ended = await run().then(
      () => true,
      (error: unknown) => {
        if (!restart()) throw error;
        return false;
      },
    );
    restart();
    if (!ended) await run();
    expect(Object.keys(readTree(location)).sort(), `killed after ${calls} calls`).toEqual(expected);
    for (const path of expected) expect(readTree(location)[path]).toBe(former[path]);
    expect(readTree(given.output)).toEqual(former);
    if (ended) {
      expect(calls).toBeGreaterThan(20);
      break;
    }
  }
  const [set] = await readFileSets(stage.db, batchObject(batchId));
  expect(set).toMatchObject({ role: 'bag', directory: location });
  expect(set?.files.map(({ path }) => path).sort()).toEqual(expected);
  expect(readdirSync(dirname(given.output)).sort()).toEqual([given.batch.fullName, '.wip-next'].sort());
});
