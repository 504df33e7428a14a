/** A finished pipeline as one line of JSON, and its leaving the tables. */
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';

/** Rows of one reply: what a pipeline logged may be long, and memory stays flat. */
const FETCHED_AT_ONCE = 20;

/**
 * Each pipeline whole, as one line: `{"pipeline": {...}, "jobs": [...], "decisions": [...], "events": [...], "logs": [...]}`,
 * each row with the columns of its table. Read through a cursor of the transaction that has them locked.
 */
export async function* archivedLines(trx: Transaction<DB>, ids: readonly number[]): AsyncGenerator<string> {
  // json_agg, not jsonb_agg: that takes no more than 256 MB. It breaks lines between rows; inside a JSON string none can stand.
  await sql`
    declare archived no scroll cursor for
    select translate(json_build_object(
      'pipeline', to_json(p),
      'jobs', (select coalesce(json_agg(j order by j.sequence), '[]') from jobs j where j.pipeline_id = p.id),
      'decisions', (select coalesce(json_agg(d order by d.hold_rev), '[]') from decisions d where d.pipeline_id = p.id),
      'events', (select coalesce(json_agg(e order by e.id), '[]') from events e where e.pipeline_id = p.id),
      'logs', (select coalesce(json_agg(l order by l.id), '[]') from job_logs l where l.pipeline_id = p.id)
    )::text, E'\\r\\n', '') as line
    from pipelines p where p.id = any(${sql.lit(`{${ids.join(',')}}`)}::bigint[]) order by p.id`.execute(trx);
  for (;;) {
    const { rows } = await sql<{ line: string }>`fetch ${sql.lit(FETCHED_AT_ONCE)} from archived`.execute(trx);
    for (const { line } of rows) yield `${line}\n`;
    if (rows.length < FETCHED_AT_ONCE) break;
  }
  await sql`close archived`.execute(trx);
}

/**
 * Deletes pipelines with all that belongs to them. What happened to an object stays in `events`, so that its story can
 * be told; that a pipeline began and ended, which until now its row told, becomes an event of that time and names the
 * file. Events of a pipeline about no object go.
 */
export async function deletePipelines(trx: Transaction<DB>, ids: readonly number[], file: string): Promise<void> {
  const these = sql`any(${ids}::bigint[])`;
  await sql`
    insert into events (at, actor, kind, pipeline_id, object_type, object_id, detail)
    select at, actor, kind, p.id, object_type, object_id, jsonb_build_object('name', p.name, 'archived', ${file}::text)
    from pipelines p, lateral (
      values (p.created_at, p.created_by, 'pipeline_enqueued', true), (p.completed_at, 'engine', 'pipeline_ended', p.status = 'success')
    ) as told (at, actor, kind, happened)
    where p.id = ${these} and p.object_type is not null and told.happened
    order by p.id, at`.execute(trx);
  await sql`delete from events where pipeline_id = ${these} and object_type is null`.execute(trx);
  await sql`delete from job_logs where pipeline_id = ${these}`.execute(trx);
  await sql`delete from progress where pipeline_id = ${these}`.execute(trx);
  await sql`delete from decisions where pipeline_id = ${these}`.execute(trx);
  await sql`delete from jobs where pipeline_id = ${these}`.execute(trx);
  await sql`delete from pipelines where id = ${these}`.execute(trx);
}
