import { sql } from 'kysely';
import { dateEdition } from '../issue-key.js';
import { parseIssueDate } from '../issue-date.js';
import type { Page } from '../pages.js';
import { STEP_RANK, WORKFLOW_STEPS, type WorkflowStep } from '../workflow-step.js';
import { Fields } from './fields.js';
import type { BatchStatuses } from './import-batches.js';
import type { OrgIds } from './import-orgs.js';
import type { TitleIds } from './import-titles.js';
import type { Logins } from './import-users.js';
import type { ImportWork } from './import-work.js';
import { readPageLabels } from './page-labels.js';
import { recordsOf } from './records.js';
import { stageOf } from './stage.js';

/** What an issue refers to. */
export interface Known {
  orgs: OrgIds;
  titles: TitleIds;
  logins: Logins;
  batches: BatchStatuses;
}

const COLUMNS = `id bigint, title_id bigint, org_id bigint, kind text, date date, edition smallint, date_as_labeled text, volume text,
  issue_number text, edition_label text, workflow_step text, ignored boolean, human_name text, location text, backup_location text,
  batch_id bigint, metadata_entered_by text, metadata_entered_at timestamptz, reviewed_by text, metadata_approved_at timestamptz,
  rejected_by text, draft_comment text, duplicate_reason text`;
const NAMES = COLUMNS.split(',').map((column) => column.trim().split(' ')[0] ?? '');

/** Before their derivatives are made nobody has counted pages. */
const UNCOUNTED: ReadonlySet<WorkflowStep> = new Set(['AwaitingPageReview', 'UnfixableMetadataError']);

/** From the review on somebody has submitted the metadata. */
const ENTERED: ReadonlySet<WorkflowStep> = new Set([
  'AwaitingMetadataReview',
  'ReadyForMETSXML',
  'ReadyForBatching',
  'ReadyForRebatching',
  'InProduction',
]);

/** By the number of an issue: the login of who has it on the desk. */
export type Claims = ReadonlyMap<number, string>;

/**
 * Issues and their pages, under their numbers. One that a pipeline is at work on cannot be taken over in the middle.
 *
 * @returns the claims that have not run out
 */
export async function importIssues(work: ImportWork, known: Known): Promise<Claims> {
  const { trx, stage, bad, written, signal } = work;
  const duplicates = await findDuplicates(work);
  const ids = new Set<number>();
  const claims = new Map<number, string>();
  for await (const rows of stage.rows('issues', signal)) {
    const issues: object[] = [];
    const pages: (Page & { issueId: number })[] = [];
    for (const row of rows) {
      const fields = new Fields(bad, 'issues', row);
      if (ids.has(fields.id)) fields.refuse('id', 'another row has this number, too');
      ids.add(fields.id);
      const issue = readIssue(fields, known, duplicates.get(String(fields.id)));
      const step = issue?.workflow_step ?? 'AwaitingPageReview';
      const isEntered = ENTERED.has(step) || (step === 'UnfixableMetadataError' && issue?.metadata_entered_by != null);
      const labels = readPageLabels(fields.raw('page_labels_csv'), !UNCOUNTED.has(step), isEntered);
      if (labels.length > 9999) fields.refuse('page_labels_csv', 'no issue has more than 9999 pages');
      if (!issue || !fields.isGood) continue;
      issues.push(issue);
      const owner = readClaim(fields, known.logins);
      if (owner !== null) claims.set(issue.id, owner);
      for (const page of labels) pages.push({ issueId: issue.id, ...page });
    }
    if (bad.count > 0) continue; // nothing will be written: only look for what else is bad
    const names = sql.join(NAMES.map((name) => sql.ref(name)));
    await sql`
      insert into newspapers.issues (${names})
      select ${names} from ${recordsOf(issues, COLUMNS)} r order by ordinality`.execute(trx);
    await sql`
      insert into newspapers.pages (issue_id, number, label, no_label)
      select "issueId", number, label, "noLabel"
      from ${recordsOf(pages, '"issueId" bigint, number int, label text, "noLabel" boolean')} r order by ordinality`.execute(
      trx,
    );
    written.issues += issues.length;
    work.tell(`${written.issues} of ${stage.read.issues} issues`);
  }
  return claims;
}

function readIssue(fields: Fields<'issues'>, { orgs, titles, logins, batches }: Known, duplicate: string | undefined) {
  const step = readStep(fields);
  const lccn = fields.raw('lccn');
  const date = fields.known('date', parseIssueDate(fields.raw('date')), 'it must be a day of the calendar, YYYY-MM-DD');
  const edition = fields.whole('edition', { from: 1, to: 99 });
  const batch = fields.reference('batch_id');
  if (batch != null && !batches.has(batch)) fields.refuse('batch_id', 'there is no such batch');
  const person = (column: UserColumn) => logins.person(readUser(fields, column));
  const issue = {
    id: fields.id,
    title_id: fields.known('lccn', titles.get(lccn), 'there is no title of this LCCN'),
    org_id: fields.known('marc_org_code', orgs.get(fields.raw('marc_org_code')), 'there is no such organisation (table mocs)'), // prettier-ignore
    kind: fields.flag('is_from_scanner') === true ? 'scan' : 'borndigital',
    date,
    edition,
    date_as_labeled: fields.text('date_as_labeled'),
    volume: fields.text('volume'),
    issue_number: fields.text('issue'),
    edition_label: fields.text('edition_label'),
    workflow_step: step,
    ignored: fields.flag('ignored') === true,
    human_name: readHumanName(fields, lccn, date, edition),
    location: fields.directory('location'),
    backup_location: fields.directory('backup_location'),
    batch_id: batch,
    metadata_entered_by: person('metadata_entry_user_id'),
    metadata_entered_at: fields.time('metadata_entered_at'),
    reviewed_by: person('reviewed_by_user_id'),
    metadata_approved_at: fields.time('metadata_approved_at'),
    rejected_by: person('rejected_by_user_id'),
    draft_comment: fields.text('draft_comment'),
    duplicate_reason: duplicate === undefined ? null : `in NCA beside issue ${duplicate} of the same key`,
  };
  if (!issue.ignored && issue.location === null)
    fields.refuse('location', 'an issue in the workflow must have its files somewhere');
  return fields.isGood ? { ...issue, workflow_step: step ?? 'AwaitingProcessing' } : undefined;
}

function readStep(fields: Fields<'issues'>): WorkflowStep | undefined {
  const step = fields.word('workflow_step', WORKFLOW_STEPS);
  if (step === 'AwaitingProcessing')
    fields.refuse(
      'workflow_step',
      'a pipeline of NCA is at work on it: let it end there (run-jobs), requeue what failed, or take it out (remove-dead-issues)',
    );
  return step;
}

/** `<LCCN>-<YYYYMMDDEE>-<number>`: names its directories (newspapers spec 5.2). */
function readHumanName(
  fields: Fields<'issues'>,
  lccn: string,
  date: string | undefined,
  edition: number | undefined,
): string | undefined {
  const name = fields.text('human_name') ?? `${lccn}-${dateEdition(date ?? '', edition ?? 0)}-${fields.id}`;
  const id = /^[A-Za-z0-9_]{1,20}-\d{10}-(\d+)$/.exec(name)?.[1];
  const isUnknown = fields.text('human_name') === null && (date === undefined || edition === undefined); // which is told of those
  const isRight = isUnknown || id === String(fields.id);
  return fields.known(
    'human_name',
    isRight ? name : undefined,
    `it must be <LCCN>-<YYYYMMDDEE>-${fields.id}: it names the directories`,
  );
}

/** Who has it on the desk: an owner whose week has not run out (newspapers spec 1.4). */
function readClaim(fields: Fields<'issues'>, logins: Logins): string | null {
  const until = fields.time('workflow_owner_expires_at');
  if (until == null || Date.parse(until.replace(' ', 'T').replace('+00', 'Z')) <= Date.now()) return null;
  return logins.person(readUser(fields, 'workflow_owner_id'));
}

type UserColumn = 'workflow_owner_id' | 'metadata_entry_user_id' | 'reviewed_by_user_id' | 'rejected_by_user_id';

/** A user's number; NCA's own processes are below 1. */
function readUser(fields: Fields<'issues'>, column: UserColumn): number | null {
  const text = fields.raw(column);
  const id = text === '' ? 0 : Number(text);
  if (Number.isSafeInteger(id)) return id > 0 ? id : null;
  fields.refuse(column, 'it must be the number of a user');
  return null;
}

/**
 * The issues in the workflow that NCA let in although another of their key is there (newspapers spec W31), each with the
 * other's number: the one that is farther on its way, or came first.
 */
async function findDuplicates({ trx, notices }: ImportWork): Promise<ReadonlyMap<string, string>> {
  const ranks = sql.join(
    Object.entries(STEP_RANK)
      .filter(([, rank]) => Number.isFinite(rank))
      .map(([step, rank]) => sql`(${step}, ${rank}::int)`),
  );
  const { rows } = await sql<{ id: string; first: string }>`
    select id, first from (
      select i.id, first_value(i.id) over (partition by lccn, date, edition order by coalesce(rank, 0) desc, length(i.id), i.id) as first
      from ${stageOf('issues')} i left join (values ${ranks}) as r (step, rank) on r.step = i.workflow_step
      where coalesce(i.ignored, '0') = '0') other
    where id <> first`.execute(trx);
  if (rows.length > 0)
    notices.push(
      `${rows.length} issues have the key of another issue in the workflow, as NCA only warns of duplicates: ${rows.slice(0, 5).map(({ id, first }) => `${id} beside ${first}`).join(', ')}${rows.length > 5 ? ' and more' : ''}`, // prettier-ignore
    );
  return new Map(rows.map(({ id, first }) => [id, first]));
}
