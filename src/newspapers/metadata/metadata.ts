/** The metadata of an issue as it is stored: what was submitted, and beside it the draft of what is being entered. */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import { NoSuchIssue } from '../issues.js';
import { listPages, type Page } from '../pages.js';
import { givenOf, metadataParameters, withGiven, type GivenMetadata, type MetadataFields } from './fields.js';
import { isNone, NONE_PRINTED, type Label } from './labels.js';

export interface IssueMetadata {
  /** What counts: for METS and for the reviewer. */
  stored: MetadataFields;
  /** The same, and over it what somebody has typed but not submitted. */
  present: MetadataFields;
  /** What somebody has typed but not submitted. */
  draft: GivenMetadata;
  /** Who submitted it last; null: nobody yet. */
  enteredBy: string | null;
  enteredAt: Date | null;
  reviewedBy: string | null;
  approvedAt: Date | null;
  /** The last reviewer who rejected it, also when it was submitted again since. */
  rejectedBy: string | null;
}

/** @throws NoSuchIssue */
export async function readMetadata(db: Kysely<DB>, issueId: number): Promise<IssueMetadata> {
  const row = await db
    .selectFrom('newspapers.issues')
    .select(['date', 'date_as_labeled', 'volume', 'issue_number', 'edition', 'edition_label', 'draft_comment'])
    .select(['metadata_draft', 'metadata_entered_by', 'metadata_entered_at', 'reviewed_by', 'rejected_by'])
    .select('metadata_approved_at')
    .where('id', '=', issueId)
    .executeTakeFirst();
  if (!row) throw new NoSuchIssue(issueId);
  const stored: MetadataFields = {
    date: row.date,
    dateAsLabeled: row.date_as_labeled ?? row.date,
    volume: row.volume ?? '',
    issueNumber: row.issue_number ?? '',
    edition: row.edition,
    editionLabel: row.edition_label ?? '',
    labels: (await listPages(db, issueId)).map(labelOf),
    comment: row.draft_comment ?? '',
  };
  const draft = draftOf(row.metadata_draft);
  return {
    stored,
    present: withGiven(stored, draft),
    draft,
    enteredBy: row.metadata_entered_by,
    enteredAt: row.metadata_entered_at,
    reviewedBy: row.reviewed_by,
    approvedAt: row.metadata_approved_at,
    rejectedBy: row.rejected_by,
  };
}

const labelOf = ({ label, noLabel }: Page): Label => (noLabel ? NONE_PRINTED : label);

/** The fields of a draft, each only if it still has its type: an older version, or psql, may have written it. */
function draftOf(draft: unknown): GivenMetadata {
  if (draft === null || typeof draft !== 'object') return {};
  const kept = Object.entries(draft).flatMap(([field, value]) => {
    const schema = Object.hasOwn(metadataParameters, field)
      ? metadataParameters[field as keyof MetadataFields] // one of its own keys
      : undefined;
    const parsed = schema?.safeParse(value);
    return parsed?.success ? [[field, parsed.data] as const] : [];
  });
  return givenOf(Object.fromEntries(kept));
}

/** Keeps what was typed: the fields that are given, as they are. Those of an earlier draft stay beside them. */
export async function saveDraft(trx: Transaction<DB>, issueId: number, given: GivenMetadata): Promise<void> {
  const { comment, ...fields } = givenOf(given);
  await sql`
    update newspapers.issues set metadata_draft = coalesce(metadata_draft, '{}') || ${JSON.stringify(fields)}::jsonb,
      draft_comment = case when ${comment !== undefined} then nullif(${comment ?? ''}, '') else draft_comment end
    where id = ${issueId}`.execute(trx);
}

export interface Submission {
  fields: MetadataFields;
  actor: string;
  /** Why it may stay beside another issue of its key in the workflow; null: there is none any more; undefined: as it was. */
  duplicateReason: string | null | undefined;
}

/** Stores what was checked: columns and pages; the draft has served. An approval from before counts no more. */
export async function storeMetadata(trx: Transaction<DB>, issueId: number, submission: Submission): Promise<void> {
  const { fields, actor, duplicateReason } = submission;
  await trx
    .updateTable('newspapers.issues')
    .set({
      date: fields.date,
      edition: fields.edition,
      date_as_labeled: fields.dateAsLabeled,
      volume: fields.volume,
      issue_number: fields.issueNumber,
      edition_label: fields.editionLabel === '' ? null : fields.editionLabel,
      metadata_entered_by: actor,
      metadata_entered_at: sql<Date>`now()`,
      reviewed_by: null,
      metadata_approved_at: null,
      metadata_draft: null,
      draft_comment: null,
      workflow_step: 'AwaitingProcessing',
      ...(duplicateReason !== undefined && { duplicate_reason: duplicateReason }),
    })
    .where('id', '=', issueId)
    .execute();
  await storeLabels(trx, issueId, fields.labels);
}

async function storeLabels(trx: Transaction<DB>, issueId: number, labels: readonly Label[]): Promise<void> {
  const pages = labels.map((label, i) => ({
    number: i + 1,
    label: label === null || isNone(label) ? null : label,
    none: label !== null && isNone(label),
  }));
  await sql`
    insert into newspapers.pages (issue_id, number, label, no_label)
    select ${issueId}, p.number, p.label, p.none from jsonb_to_recordset(${JSON.stringify(pages)}::jsonb) as p (number int, label text, none boolean)
    on conflict (issue_id, number) do update set label = excluded.label, no_label = excluded.no_label`.execute(trx);
  await trx
    .deleteFrom('newspapers.pages')
    .where('issue_id', '=', issueId)
    .where('number', '>', labels.length)
    .execute();
}
