/** What is ready for batching, as the database says. */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { ISSUE_OBJECT } from '../issue-object.js';
import { formatIssueKey } from '../issue-key.js';
import type { WorkflowStep } from '../workflow-step.js';
import type { Candidate } from './bins.js';

/** The ready issues of one organisation, by their numbers in the order of their keys: little enough to hold all of them. */
export interface ReadyOrg {
  id: number;
  code: string;
  issueIds: number[];
}

/** The organisations with issues that are ready, by code. */
export async function readyByOrg(db: Kysely<DB>, steps: readonly WorkflowStep[]): Promise<ReadyOrg[]> {
  const { rows } = await sql<ReadyOrg>`
    select o.id, o.code, array_agg(i.id order by t.lccn collate "C", i.date, i.edition, i.id) as "issueIds"
    from newspapers.issues i
      join newspapers.orgs o on o.id = i.org_id
      left join newspapers.titles t on t.id = i.title_id
    where i.workflow_step = any(${steps}) and i.batch_id is null and not i.ignored
    group by o.id, o.code order by o.code collate "C"`.execute(db);
  return rows;
}

/** What decides about these issues, in their order. */
export async function readCandidates(db: Kysely<DB>, issueIds: readonly number[]): Promise<Candidate[]> {
  const { rows } = await sql<Omit<Candidate, 'key' | 'title'> & CandidateRow>`
    select i.id, coalesce(t.lccn, '?') as lccn, i.date, i.edition, i.location, coalesce(i.metadata_approved_at, i.created_at) as "approvedAt",
      t.id is not null as "hasTitle", t.validated_at is not null as "isValidated", t.embargo,
      (select count(*) from newspapers.pages p where p.issue_id = i.id) as pages,
      coalesce(f.files > 0, false) as "isRecorded", coalesce(f.mets > 0, false) as "hasMets", e.full_name as elsewhere
    from unnest(${issueIds}::bigint[]) with ordinality as wanted (id, place)
      join newspapers.issues i using (id)
      left join newspapers.titles t on t.id = i.title_id
      left join lateral (
        select count(*) as files,
          count(*) filter (where f.path = to_char(i.date, 'YYYYMMDD') || lpad(i.edition::text, 2, '0') || '.xml') as mets
        from file_sets s join files f on f.set_id = s.id
        where s.object_type = ${ISSUE_OBJECT} and s.object_id = i.id and s.directory = i.location
      ) f on true
      left join lateral (
        select b.full_name
        from (
          select twin.batch_id from newspapers.issues twin
          where twin.title_id = i.title_id and twin.date = i.date and twin.edition = i.edition and twin.id <> i.id and not twin.ignored
          offset 0 -- by the key of the issue: planned while no issue had a batch, it would read every batched issue for each (EXPLAIN)
        ) twin join newspapers.batches b on b.id = twin.batch_id
        limit 1
      ) e on true
    order by place`.execute(db);
  return rows.map(({ lccn, edition, hasTitle, isValidated, embargo, ...row }) => ({
    ...row,
    key: formatIssueKey({ lccn, date: row.date, edition }),
    title: hasTitle ? { isValidated, embargo } : null,
  }));
}

interface CandidateRow {
  lccn: string;
  edition: number;
  hasTitle: boolean;
  isValidated: boolean;
  embargo: string | null;
}
