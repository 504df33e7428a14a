/** Where a track stands, as the database tells it: all that people go by. */
import { allKeys, type Track } from './road.js';
import type { OwnWorld } from './world.js';

export interface OpenPipeline {
  id: number;
  name: string;
  status: string;
  holdAction: string | null;
  /** The folder of a page review. */
  directory: string | null;
  /** The pages were split again, as the reviewers wished. */
  wasRedone: boolean;
  /** Issue key, or full name of a batch. */
  about: string;
  job: string | null;
  error: string | null;
  /** It failed as often as it may: no single trouble made it fail for good. */
  isSpent: boolean;
}

export interface TrackIssue {
  key: string;
  step: string;
  pages: number;
  wasRejected: boolean;
  /** Pipelines that asked what to do about it: it was flagged. */
  timesMended: number;
  batch: string | null;
  isFlagged: boolean;
}

export interface TrackBatch {
  name: string;
  status: string;
  isOld: boolean;
}

export interface Standing {
  pipelines: OpenPipeline[];
  issues: TrackIssue[];
  batches: TrackBatch[];
}

const KEY = `t.lccn || '/' || to_char(i.date, 'YYYYMMDD') || lpad(i.edition::text, 2, '0')`;

const STANDING = `
  with issue as (
    select i.*, ${KEY} as key from newspapers.issues i join newspapers.titles t on t.id = i.title_id where ${KEY} = any ($1)
  ), batch as (
    select b.* from newspapers.batches b join newspapers.orgs o on o.id = b.org_id where o.code = $2
  )
  select
    coalesce((select jsonb_agg(jsonb_build_object(
      'id', p.id, 'name', p.name, 'status', p.status, 'holdAction', case when p.status = 'held' then p.hold_action end,
      'directory', p.hold_payload ->> 'directory', 'about', coalesce(issue.key, batch.full_name), 'job', j.type,
      'error', p.error ->> 'message',
      'wasRedone', (select count(*) > 1 from jobs s where s.pipeline_id = p.id and s.type = 'page_split'),
      'isSpent', j.failures >= j.max_attempts) order by p.id)
      from pipelines p left join issue on p.object_type = 'issue' and p.object_id = issue.id
      left join batch on p.object_type = 'batch' and p.object_id = batch.id
      left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
      where p.status not in ('success', 'cancelled') and (issue.id is not null or batch.id is not null)), '[]') as pipelines,
    coalesce((select jsonb_agg(jsonb_build_object(
      'key', key, 'step', workflow_step, 'pages', (select count(*) from newspapers.pages g where g.issue_id = issue.id),
      'wasRejected', rejected_by is not null,
      'timesMended', (select count(*) from pipelines p where p.object_type = 'issue' and p.object_id = issue.id and p.name = 'MendUnfixable'),
      'batch', (select full_name from batch where id = issue.batch_id),
      'isFlagged', exists (select from newspapers.flagged_issues f where f.issue_id = issue.id)) order by key) from issue), '[]') as issues,
    coalesce((select jsonb_agg(jsonb_build_object(
      'name', full_name, 'status', status, 'isOld', archived_at < now() - interval '28 days') order by id) from batch), '[]') as batches`;

/** Undefined while the database is away. */
export async function standingOf(world: OwnWorld, track: Track): Promise<Standing | undefined> {
  const rows = await world.look<Standing>(STANDING, [allKeys(track), track.org]);
  return rows?.[0];
}

/** Whether a track has come to its end: nothing is open, every batch is closed, every issue rests where it should. */
export function hasArrived(track: Track, { pipelines, issues, batches }: Standing): boolean {
  const rests = (key: string): string => {
    if (key === track.patched || key === track.mistaken || key === track.dead) return 'UnfixableMetadataError';
    return key === track.troubled && track.batches.length === 1 ? 'ReadyForBatching' : 'InProduction';
  };
  return (
    pipelines.length === 0 &&
    issues.length === allKeys(track).length &&
    batches.length === track.batches.length &&
    batches.every(isClosed) &&
    issues.every(({ key, step }) => step === rests(key))
  );
}

export const isClosed = ({ status }: TrackBatch): boolean => status === 'live_done' || status === 'deleted';
