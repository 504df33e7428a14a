/** What was imported from NCA goes on here as if it had always been here. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { readFileSets } from '../../../src/files/fixity/file-records.js';
import { buildManifest, writeManifest } from '../../../src/files/manifest.js';
import { closeThreads } from '../../../src/files/threads.js';
import { gatherIssues } from '../../../src/newspapers/batch-files/gather-issues.js';
import { issueObject, type Issue } from '../../../src/newspapers/issues.js';
import { importNca } from '../../../src/newspapers/nca/import-nca.js';
import { readDump } from '../../../src/newspapers/nca/dump/read-dump.js';
import type { Settings } from '../../../src/settings.js';
import { rows, useDatabase } from '../../engine/support.js';
import { givenPlaces, startIntakeRunner } from '../intake-stage.js';
import { theRow, untilReady, usePages } from '../metadata/stage.js';
import { dumpText } from './dump-text.js';
import { emptySite } from './nca-tables.js';
import { issueRow, sampleSite } from './sample-site.js';

const own = useDatabase();
const pages = usePages();
let settings: Settings;
afterAll(() => closeThreads());
beforeEach(async () => {
  await rows(own, 'truncate newspapers.orgs, newspapers.titles, newspapers.batches, users, events, pipelines, file_sets restart identity cascade'); // prettier-ignore
  ({ settings } = await givenPlaces());
});

/** An issue that NCA's reviewer approved, and that NCA then left lying (W19). */
async function givenApproved({ manifest }: { manifest: boolean }): Promise<Issue> {
  const { mocs, titles, users } = sampleSite('/x');
  const row = issueRow(settings.WORKFLOW_PATH, 16, '1900-01-07', 'ReadyForMETSXML', {
    ...{ page_labels_csv: '1␟0␟3', volume: 'XII', issue: '7', date_as_labeled: '1900-01-07' },
    ...{
      metadata_entry_user_id: 2,
      reviewed_by_user_id: 3,
      backup_location: join(settings.ORIGINAL_PDF_BACKUP_PATH, '16'),
    },
  });
  const work = String(row['location']);
  await cp(pages.directory, work, { recursive: true });
  if (manifest) await writeManifest(work, await buildManifest(work, { sums: true }));
  await mkdir(String(row['backup_location']));
  await writeFile(join(String(row['backup_location']), '1.pdf'), 'an upload');
  const text = dumpText({ ...emptySite(), mocs, titles, users, issues: [row] });
  const source = { read: () => readDump('nca.sql', Readable.from([Buffer.from(text)])), progress: () => undefined }; // prettier-ignore
  await importNca(own.database.kysely, source, { settings, actor: 'sys', dryRun: false });
  return theRow(own, 16);
}

describe('an approved issue', () => {
  it.each([true, false])('becomes ready for a batch and can enter one (NCA took its sums: %s)', async (manifest) => {
    const issue = await givenApproved({ manifest });
    await startIntakeRunner(own, settings);
    await untilReady(own, issue);
    const ready = await theRow(own, issue.id);
    expect(ready).toMatchObject({ workflowStep: 'ReadyForBatching', backupLocation: null, location: issue.location });
    const entering = await gatherIssues(own.database.kysely, [ready], { takeOut: () => '' });
    expect(entering.map(({ record }) => record.path).sort()).toEqual(
      [
        ...[1, 2, 3].flatMap((n) => [`000${n}.jp2`, `000${n}.pdf`, `000${n}.xml`]),
        '1900010701.xml',
        'original.tar',
      ].sort(),
    );
    const roles = (await readFileSets(own.database.kysely, issueObject(16))).map(({ role }) => role);
    expect(roles).toEqual(manifest ? ['derivative', 'mets', 'original', 'page'] : ['mets', 'original']);
  });
});
