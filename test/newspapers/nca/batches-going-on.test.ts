/** Batches that NCA loaded on staging go on here: to production and the archive, or apart and together again. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { readFileSets } from '../../../src/files/fixity/file-records.js';
import { buildManifest, writeManifest } from '../../../src/files/manifest.js';
import { closeThreads } from '../../../src/files/threads.js';
import { batchPlaces } from '../../../src/newspapers/batches/batch-places.js';
import { batchObject, listBatchIssues, type Batch } from '../../../src/newspapers/batches/batches.js';
import type { Issue } from '../../../src/newspapers/issues.js';
import { importNca, type ImportSummary } from '../../../src/newspapers/nca/import-nca.js';
import { readDump } from '../../../src/newspapers/nca/dump/read-dump.js';
import { rows, useDatabase } from '../../engine/support.js';
import {
  batchAtQc,
  decided,
  givenSite,
  reread,
  startBatchRunner,
  standing,
  untilBatchAsks,
  type Site,
} from '../batches/batch-road.js';
import { dumpText } from './dump-text.js';
import { emptySite, type Row } from './nca-tables.js';

const own = useDatabase();
let site: Site;
afterAll(() => closeThreads());
beforeEach(async () => {
  await empty();
  site = await givenSite(own);
});

const empty = () =>
  rows(own, 'truncate newspapers.orgs, newspapers.titles, newspapers.batches, newspapers.agent_host_keys, users, events, pipelines, file_sets restart identity cascade'); // prettier-ignore

/** A batch at quality control whose files and agents are as NCA left them, and of which only NCA's database knows. */
async function givenOfNca(
  flag?: (issues: readonly Issue[]) => Row[],
): Promise<{ batch: Batch; issues: Issue[]; summary: ImportSummary }> {
  const runner = await startBatchRunner(site);
  const { batch, issues } = await batchAtQc(site, 2);
  await runner.stop(0);
  const { location } = await reread(site, batch);
  for (const issue of issues) {
    const directory = issue.location ?? '';
    await writeManifest(directory, await buildManifest(directory, { sums: true }));
  }
  await empty();
  const flags = flag?.(issues) ?? [];
  const text = dumpText({
    ...emptySite(),
    mocs: [{ id: 1, code: batch.orgCode, name: batch.orgName }],
    titles: [{ id: 1, lccn: 'sn12345678', name: 'Post', valid_lccn: 1, marc_title: 'Post', marc_location: 'Salem' }],
    batches: [{ id: 77, marc_org_code: batch.orgCode, name: batch.name, full_name: batch.fullName, created_at: '2026-01-01 00:00:00', status: flags.length > 0 ? 'qc_flagging' : 'qc_ready', location }], // prettier-ignore
    issues: issues.map((issue) => ({
      ...{ id: issue.id, marc_org_code: batch.orgCode, lccn: issue.lccn, date: issue.date, edition: issue.edition },
      ...{ page_labels_csv: '1', batch_id: 77, location: issue.location, human_name: issue.humanName, workflow_step: 'ReadyForBatching' }, // prettier-ignore
    })),
    batches_flagged_issues: flags,
  });
  const source = { read: () => readDump('nca.sql', Readable.from([Buffer.from(text)])), progress: () => undefined };
  const summary = await importNca(own.database.kysely, source, {
    settings: site.settings,
    actor: 'sys',
    dryRun: false,
  });
  const imported = await reread(site, { ...batch, id: 77 });
  await startBatchRunner(site);
  return { batch: imported, issues, summary };
}

test('approved, it goes live, and its files move to the archive, checked against its manifest (W17)', async () => {
  const { batch, summary } = await givenOfNca();
  expect(summary.notices).toEqual([]);
  await untilBatchAsks(site, batch, 'batch_qc');
  await decided(site, batch, 'batch_qc', 'approve');
  await untilBatchAsks(site, batch, 'confirm_archived');
  const { archive } = batchPlaces(batch.fullName, site.settings);
  expect(await readFileSets(own.database.kysely, batchObject(77))).toMatchObject([{ role: 'bag', directory: archive }]);
  expect([...site.production.world.oni.batches.keys()]).toEqual([batch.fullName]);
});

test('a file of it that is another than its manifest says does not get into the archive', async () => {
  const { batch } = await givenOfNca();
  await untilBatchAsks(site, batch, 'batch_qc');
  const { output, archive } = batchPlaces(batch.fullName, site.settings);
  await writeFile(join(output, 'data', 'batch.xml'), '<changed/>');
  await decided(site, batch, 'batch_qc', 'approve');
  await expect(untilBatchAsks(site, batch, 'confirm_archived')).rejects.toThrow(/batch\.xml/);
  expect((await standing(site, batch)).status).toBe('failed');
  expect(existsSync(archive)).toBe(false);
});

test('rejected in NCA, it is built again without the issue that was flagged there', async () => {
  const { batch, issues } = await givenOfNca(([, second]) => [
    {
      id: 1,
      created_at: '2026-01-02 00:00:00',
      flagged_by_user_id: 0,
      batch_id: 77,
      issue_id: second?.id ?? 0,
      reason: 'torn',
    },
  ]);
  await untilBatchAsks(site, batch, 'batch_flagging');
  await decided(site, batch, 'batch_flagging', 'finalize');
  await untilBatchAsks(site, batch, 'batch_qc');
  expect((await listBatchIssues(own.database.kysely, 77)).map(({ id }) => id)).toEqual([issues[0]?.id]);
  expect(
    await rows(own, 'select workflow_step, batch_id from newspapers.issues where id = $1', [issues[1]?.id]),
  ).toEqual([{ workflow_step: 'UnfixableMetadataError', batch_id: null }]);
});
