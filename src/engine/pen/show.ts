/** One pipeline of the pen whole: its question, the answers it takes, who has it, what happened. Reads only. */
import { sql, type Kysely, type Selectable } from 'kysely';
import type { DB } from '../../database/database.js';
import { Refused } from '../refused.js';
import type { Registry } from '../registry.js';
import { showPipeline } from '../status.js';
import { describeVerbs } from './parameters.js';

/** @throws Refused when there is no such pipeline */
export async function showHeld(db: Kysely<DB>, registry: Registry, id: number) {
  const shown = await showPipeline(db, id);
  if (shown === undefined)
    throw new Refused('not found', `there is no pipeline ${id}`, 'holding-pen list shows what waits');
  const { pipeline, decisions, events } = shown;
  const action = pipeline.hold_action === null ? undefined : registry.actions.get(pipeline.hold_action);
  const { rows } = await sql<{ assignee: string | null; assigned_until: Date | null; snoozed_until: Date | null }>`
    select case when claim_counts(p) then p.assignee end as assignee, case when claim_counts(p) then p.assigned_until end as assigned_until,
      case when p.snoozed_rev = p.hold_rev and p.snoozed_until > now() then p.snoozed_until end as snoozed_until
    from pipelines p where p.id = ${id}`.execute(db);
  return {
    pipeline,
    holdRev: pipeline.hold_rev,
    title: action?.title,
    privilege: action?.privilege,
    /** Roles whose holders may answer; none named: every active user may. */
    roles: action?.privilege === undefined ? [] : registry.roles.holders(action.privilege),
    needsClaim: action?.needsClaim ?? false,
    verbs: action === undefined ? [] : describeVerbs(action, registry.roles),
    claim: rows[0]?.assignee == null ? undefined : { by: rows[0].assignee, until: rows[0].assigned_until },
    snooze:
      rows[0]?.snoozed_until == null ? undefined : { until: rows[0].snoozed_until, reason: pipeline.snooze_reason },
    /** What people do about it when it failed, as its domain says; undefined: what they do about any. */
    remedies: await remediesOf(db, registry, pipeline),
    decisions,
    events,
  };
}

async function remediesOf(
  db: Kysely<DB>,
  registry: Registry,
  {
    id,
    status,
    object_type,
    object_id,
  }: Pick<Selectable<DB['pipelines']>, 'id' | 'status' | 'object_type' | 'object_id'>,
): Promise<string | undefined> {
  if (status !== 'failed' || object_type === null || object_id === null) return undefined;
  return registry.objects.get(object_type)?.remedies?.(db, { pipelineId: id, objectId: object_id });
}
