/** Issues in the workflow: made once, in the transaction that also enqueues their pipeline, and changed column by column. */
import { sql, type Expression, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import { FatalError } from '../engine/job.js';
import { recordIssueEvent } from './issue-events.js';
import { formatIssueKey, type IssueKey } from './issue-key.js';
import { TITLE_NAME } from './titles.js';
import type { IssueKind, WorkflowStep } from './workflow-step.js';

export { ISSUE_OBJECT, issueObject } from './issue-object.js';

/** An issue as pipelines and people see it. */
export interface Issue {
  id: number;
  /** `LCCN/YYYYMMDDEE`. */
  key: string;
  lccn: string;
  /** What people call the title: its MARC title once validated. */
  titleName: string;
  orgCode: string;
  kind: IssueKind;
  /** YYYY-MM-DD. */
  date: string;
  edition: number;
  workflowStep: WorkflowStep;
  /** Out of the workflow: live, or removed. */
  ignored: boolean;
  /** `<lccn>-<YYYYMMDDEE>-<id>`: names the issue's directories and never changes. */
  humanName: string;
  /** Absolute directory that holds the files now; null once they are gone. */
  location: string | null;
  /** Absolute directory of the original upload; null for scans and once archived. */
  backupLocation: string | null;
  /** Absolute directory of the upload area that it was queued from. */
  uploadLocation: string | null;
  /** Why somebody let it in although its key was in the workflow already; null: it was the first of its key. */
  duplicateReason: string | null;
  /** ISO 639-2 code of the title's language. */
  language: string;
  createdAt: Date;
}

/** An issue about to enter the workflow. */
export interface NewIssue {
  titleId: number;
  orgId: number;
  kind: IssueKind;
  date: string;
  edition: number;
  /** Absolute directory of the upload. */
  location: string;
  /** Let in although an issue of that key is in the workflow: why (newspapers spec W31). */
  duplicateReason?: string;
}

/** The columns that pipelines move an issue along with. */
export interface IssueColumns {
  workflow_step?: WorkflowStep;
  org_id?: number;
  location?: string | null;
  backup_location?: string | null;
  ignored?: boolean;
  reviewed_by?: string;
  metadata_approved_at?: Expression<Date>;
  rejected_by?: string;
}

export class NoSuchIssue extends FatalError {
  override name = 'NoSuchIssue';
  constructor(readonly issue: string | number) {
    super(`there is no issue ${issue}: "bin/issues list" shows all`);
  }
}

/**
 * Makes the row of an issue, step AwaitingProcessing: call it in the transaction that enqueues its pipeline. The id is
 * drawn first, so that the human name and the first event carry it (newspapers spec 5.2, W18).
 *
 * @returns undefined when that title, date and edition already is in the workflow; of one let in as a duplicate, when
 *   that directory is
 */
export async function createIssue(
  trx: Transaction<DB>,
  issue: NewIssue,
  { actor }: { actor: string },
): Promise<Issue | undefined> {
  const made = await sql<{ id: number }>`
    insert into newspapers.issues (id, title_id, org_id, kind, date, edition, location, upload_location, duplicate_reason, human_name)
    select next.id, t.id, ${issue.orgId}, ${issue.kind}, x.date, x.edition, ${issue.location}, ${issue.location}, ${issue.duplicateReason ?? null},
      format('%s-%s%s-%s', t.lccn, to_char(x.date, 'YYYYMMDD'), lpad(x.edition::text, 2, '0'), next.id)
    from newspapers.titles t,
      (select ${issue.date}::date as date, ${issue.edition}::smallint as edition) x,
      (select nextval(pg_get_serial_sequence('newspapers.issues', 'id')) as id) next
    where t.id = ${issue.titleId}
    on conflict do nothing
    returning id`.execute(trx);
  const id = made.rows[0]?.id;
  if (id === undefined) return undefined;
  const { kind, location, duplicateReason } = issue;
  await recordIssueEvent(trx, id, { actor, kind: 'issue_created', detail: { kind, location, duplicateReason } });
  return findIssueById(trx, id);
}

/**
 * Changes only the columns named, so that it cannot undo what somebody else changed meanwhile (newspapers spec W41).
 *
 * @throws NoSuchIssue
 */
export async function setIssueColumns(db: Kysely<DB>, id: number, columns: IssueColumns): Promise<void> {
  const updated = await db.updateTable('newspapers.issues').set(columns).where('id', '=', id).executeTakeFirst();
  if (updated.numUpdatedRows === 0n) throw new NoSuchIssue(id);
}

export async function findIssueById(db: Kysely<DB>, id: number): Promise<Issue | undefined> {
  const row = await selectIssues(db).where('i.id', '=', id).executeTakeFirst();
  return row && withKey(row);
}

/** The issue of that key that is in the workflow; of those that left it, the latest, only if `orIgnored`. */
export async function findIssue(db: Kysely<DB>, key: IssueKey, { orIgnored = false } = {}): Promise<Issue | undefined> {
  const row = await selectIssues(db)
    .where('t.lccn', '=', key.lccn)
    .where('i.date', '=', key.date)
    .where('i.edition', '=', key.edition)
    .$if(!orIgnored, (query) => query.where('i.ignored', '=', false))
    .orderBy('i.ignored')
    .orderBy(sql`i.duplicate_reason is not null`) // who says the key means the first of them
    .orderBy('i.id', 'desc')
    .executeTakeFirst();
  return row && withKey(row);
}

/** Issues as rows of i, their titles as t, their organisations as o. */
export function selectIssues(db: Kysely<DB>) {
  return (
    db
      .selectFrom('newspapers.issues as i')
      .innerJoin('newspapers.titles as t', 't.id', 'i.title_id')
      .innerJoin('newspapers.orgs as o', 'o.id', 'i.org_id')
      .select(['i.id', 't.lccn', 'o.code as orgCode', 'i.date', 'i.edition', 'i.ignored', 'i.human_name as humanName'])
      .select(['i.location', 'i.backup_location as backupLocation', 'i.created_at as createdAt'])
      .select(['i.upload_location as uploadLocation', 'i.duplicate_reason as duplicateReason'])
      .select([TITLE_NAME.as('titleName'), sql<string>`coalesce(t.language, 'eng')`.as('language')])
      // The check constraints hold exactly these words.
      .select([sql<IssueKind>`i.kind`.as('kind'), sql<WorkflowStep>`i.workflow_step`.as('workflowStep')])
  );
}

/** Adds to a row of `selectIssues` the key that its parts spell. */
export const withKey = <Row extends { lccn: string; date: string; edition: number }>(row: Row) => ({
  ...row,
  key: formatIssueKey(row),
});
