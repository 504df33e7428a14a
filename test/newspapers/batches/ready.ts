/** Issues that are ready for batching, as rows, for tests. */
import type { Kysely } from 'kysely';
import type { DB } from '../../../src/database/database.js';
import { recordFiles } from '../../../src/files/fixity/file-records.js';
import { metsName } from '../../../src/newspapers/batch-files/layout.js';
import { findIssueById, issueObject, setIssueColumns, type Issue } from '../../../src/newspapers/issues.js';
import { addOrg } from '../../../src/newspapers/orgs.js';
import { setPageCount } from '../../../src/newspapers/pages.js';
import type { WorkflowStep } from '../../../src/newspapers/workflow-step.js';
import { givenIssue } from '../rows.js';

export interface Ready {
  lccn: string;
  date: string;
  edition: number;
  pages: number;
  org: string;
  step: WorkflowStep;
  approvedDaysAgo: number;
  location: string | null;
  /** Names of the recorded files; the METS among them unless told. */
  files: string[];
  duplicateReason: string;
}

const DAY_MS = 86_400_000;

/** An issue that a batch may take, with records of its files. */
export async function givenReady(db: Kysely<DB>, ready: Partial<Ready> = {}): Promise<Issue> {
  const { lccn = `sn${Math.floor(Math.random() * 1e8)}`, date = '1856-05-10', edition = 1, pages = 2 } = ready;
  const { org = 'mwa', step = 'ReadyForBatching', approvedDaysAgo = 0, location, duplicateReason } = ready;
  const { org: row } = await addOrg(db, org, `Library of ${org}`);
  const directory = `/workflow/${lccn}-${date}-${edition}-${Math.random()}`;
  const issue = await givenIssue(db, lccn, {
    ...{ date, edition, orgId: row.id, location: directory },
    ...(duplicateReason !== undefined && { duplicateReason }),
  });
  await setPageCount(db, issue.id, pages);
  await setIssueColumns(db, issue.id, { workflow_step: step, location: location === undefined ? directory : location });
  await db
    .updateTable('newspapers.issues')
    .set({ metadata_approved_at: new Date(Date.now() - approvedDaysAgo * DAY_MS) })
    .where('id', '=', issue.id)
    .execute();
  const names = ready.files ?? ['0001.pdf', metsName(issue)];
  const files = names.map((path) => ({ path, size: 10, sha256: 'ab'.repeat(32) }));
  if (files.length > 0)
    await db
      .transaction()
      .execute((trx) =>
        recordFiles(trx, { object: issueObject(issue.id), role: 'page', directory, pipelineId: null, files }),
      );
  const made = await findIssueById(db, issue.id);
  if (!made) throw new Error('the issue is gone');
  return made;
}
