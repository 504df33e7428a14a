import { sql } from 'kysely';
import { BATCH_STATUSES, type BatchStatus } from '../batches/batch-status.js';
import { Fields } from './fields.js';
import type { OrgIds } from './import-orgs.js';
import type { ImportWork } from './import-work.js';
import { recordsOf } from './records.js';

/** By NCA's number, which is kept: where each batch stands; also of those that cannot be taken over. */
export type BatchStatuses = ReadonlyMap<number, BatchStatus>;

const COLUMNS =
  'id bigint, org_id bigint, name text, full_name text, version smallint, status text, location text, created_at timestamptz, went_live_at timestamptz, archived_at timestamptz';

/** Batches, under their numbers. One that a pipeline is at work on cannot be taken over in the middle. */
export async function importBatches(
  { trx, stage, bad, written, signal }: ImportWork,
  orgs: OrgIds,
): Promise<BatchStatuses> {
  const batches: object[] = [];
  const names = new Set<string>();
  const statuses = new Map<number, BatchStatus>();
  for await (const rows of stage.rows('batches', signal))
    for (const row of rows) {
      const fields = new Fields(bad, 'batches', row);
      const fullName = fields.required('full_name');
      if (fullName !== undefined && names.has(fullName)) fields.refuse('full_name', 'another batch has this name, too');
      if (statuses.has(fields.id)) fields.refuse('id', 'another row has this number, too');
      names.add(fullName ?? '');
      statuses.set(fields.id, 'pending');
      const batch = readBatch(fields, orgs, fullName);
      if (!batch) continue;
      batches.push(batch);
      statuses.set(batch.id, batch.status);
    }
  if (bad.count > 0) return statuses; // nothing will be written: only look for what else is bad
  const inserted = await sql`
    insert into newspapers.batches (id, org_id, name, full_name, version, status, location, created_at, went_live_at, archived_at)
    select id, org_id, name, full_name, version, status, location, coalesce(created_at, now()), went_live_at, archived_at
    from ${recordsOf(batches, COLUMNS)} r order by id`.execute(trx);
  written.batches = Number(inserted.numAffectedRows ?? 0);
  return statuses;
}

function readBatch(fields: Fields<'batches'>, orgs: OrgIds, fullName: string | undefined) {
  const org = fields.known('marc_org_code', orgs.get(fields.raw('marc_org_code')), 'there is no such organisation (table mocs)'); // prettier-ignore
  const name = fields.required('name');
  // The rules of the check constraints of newspapers.batches.
  if (name !== undefined && !/^\w{1,200}$/.test(name)) fields.refuse('name', 'it must have letters, digits and _ only');
  if (fullName !== undefined && !/^batch_[^_/\s]+_\w+_ver\d{2,}$/.test(fullName))
    fields.refuse('full_name', 'it must be batch_<organisation>_<name>_ver<NN>');
  const status = fields.word('status', BATCH_STATUSES);
  if (status === 'pending')
    fields.refuse('status', 'a pipeline of NCA is at work on it: let it end there (run-jobs), or requeue what failed');
  const batch = {
    id: fields.id,
    org_id: org,
    name,
    full_name: fullName,
    version: fields.whole('version', { from: 1, to: 9999 }),
    status: status ?? 'pending',
    location: fields.directory('location'),
    created_at: fields.time('created_at'),
    went_live_at: fields.time('went_live_at'),
    archived_at: fields.time('archived_at'),
  };
  if (status === 'live_archived' && batch.archived_at === null)
    fields.refuse('archived_at', 'an archived batch must say since when: its four weeks count from here');
  return fields.isGood ? batch : undefined;
}
