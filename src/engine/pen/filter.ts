/** Which of the holding pen is meant, and the rows it is made of. Lists and facets read the same rows. */
import { sql, type RawBuilder } from 'kysely';
import { nearest } from '../nearest.js';
import { Refused } from '../refused.js';
import type { Registry } from '../registry.js';
import { OPERATE_PIPELINES } from '../roles.js';

export interface PenFilter {
  /** The question, e.g. "page_review". */
  action?: string | undefined;
  /** The name of the pipeline ("TakeInUpload") or the type of its object ("issue"). */
  type?: string | undefined;
  /** A title's key (LCCN), or a part of its name. */
  title?: string | undefined;
  /** An organisation's code. */
  org?: string | undefined;
  /** Standing for longer than so many seconds. */
  olderThanSeconds?: number | undefined;
  /** On this desk; null: on nobody's. A claim that has expired does not count. */
  assignee?: string | null | undefined;
  /** Words that must all occur in what is told of it, in any case. */
  text?: string | undefined;
  /** What holders of this role may answer, or are named for. */
  role?: string | undefined;
  /** Only what failed. */
  failed?: boolean | undefined;
  /** Only what is past its due time. */
  overdue?: boolean | undefined;
  /** Only what is put off; without it that is hidden. */
  snoozed?: boolean | undefined;
  /** Also what waits for a time, another pipeline or an outside system, and what is put off. */
  all?: boolean | undefined;
}

/** How long something stands, in steps that people think in. */
export const AGES = ['less than a day', '1 to 7 days', '1 to 4 weeks', 'more than 4 weeks'] as const;

/**
 * The rows of the pen that a filter names, each with what its domain says of its object. Failed pipelines are of it: a person must look.
 * Columns: id, name, description, object_type, object_id, status, hold_kind, hold_action, hold_role, hold_rev, message, payload, since,
 * wake_at, due_at, assignee, assigned_until, snoozed_until, snooze_reason, title_key, title, org, age.
 * @throws Refused for a role that is none
 */
export function penRows(registry: Registry, filter: PenFilter): RawBuilder<unknown> {
  const objects = [...registry.objects.values()].map(({ type, facts }) => ({
    type,
    facts,
    alias: sql.id(`of_${type}`),
  }));
  const fact = (column: string) => {
    const columns = objects.map(({ alias }) => sql`${alias}.${sql.id(column)}`);
    return columns.length === 0 ? sql`null::text` : sql`coalesce(${sql.join(columns)})`;
  };
  const joins = objects.map(
    ({ type, facts, alias }) =>
      sql`left join (${facts}) ${alias} on p.object_type = ${sql.lit(type)} and ${alias}.object_id = p.object_id`,
  );
  const conditions = penConditions(registry, filter);
  return sql`
    select * from (
      select p.id, p.name, p.description, p.object_type, p.object_id, p.status, p.hold_rev, p.due_at, p.wake_at,
        p.hold_kind, case when p.status = 'held' then p.hold_action end as hold_action, case when p.status = 'held' then p.hold_role end as hold_role,
        case p.status when 'held' then p.hold_message else p.error ->> 'message' end as message,
        case when p.status = 'held' then p.hold_payload end as payload,
        case p.status when 'held' then p.held_at else p.step_started_at end as since,
        case when p.assigned_until > now() then p.assignee end as assignee, case when p.assigned_until > now() then p.assigned_until end as assigned_until,
        case when p.status = 'held' and p.snoozed_rev = p.hold_rev and p.snoozed_until > now() then p.snoozed_until end as snoozed_until, p.snooze_reason,
        case
          when case p.status when 'held' then p.held_at else p.step_started_at end > now() - interval '1 day' then ${sql.lit(AGES[0])}
          when case p.status when 'held' then p.held_at else p.step_started_at end > now() - interval '7 days' then ${sql.lit(AGES[1])}
          when case p.status when 'held' then p.held_at else p.step_started_at end > now() - interval '28 days' then ${sql.lit(AGES[2])}
          else ${sql.lit(AGES[3])} end as age,
        ${fact('title_key')} as title_key, ${fact('title')} as title, ${fact('org')} as org
      from pipelines p ${sql.join(joins, sql` `)}
      where ${standing(filter)}
    ) pen where ${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)}`;
}

/** Written so that each side of an `or` is the condition of a partial index: what ended, or still has to run, is not read. */
function standing({ failed, all, snoozed }: PenFilter): RawBuilder<unknown> {
  if (failed) return sql`p.status = 'failed'`;
  const kind = all || snoozed ? sql`p.hold_kind is not null` : sql`p.hold_kind = 'person'`;
  return sql`(p.status = 'held' and ${kind} or p.status = 'failed')`;
}

function penConditions(registry: Registry, filter: PenFilter): RawBuilder<unknown>[] {
  const { action, type, title, org, olderThanSeconds, assignee, text, role } = filter;
  const conditions: RawBuilder<unknown>[] = [];
  if (filter.snoozed) conditions.push(sql`snoozed_until is not null`);
  else if (!filter.all) conditions.push(sql`snoozed_until is null`);
  if (filter.overdue) conditions.push(sql`due_at < now() and status = 'held'`);
  if (action !== undefined) conditions.push(sql`hold_action = ${action}`);
  if (type !== undefined) conditions.push(sql`(name = ${type} or object_type = ${type})`);
  if (title !== undefined) conditions.push(sql`(title_key = ${title} or title ilike ${containing(title)})`);
  if (org !== undefined) conditions.push(sql`org = ${org}`);
  if (olderThanSeconds !== undefined) conditions.push(sql`since < now() - interval '1 second' * ${olderThanSeconds}`);
  if (assignee === null) conditions.push(sql`assignee is null`);
  else if (assignee !== undefined) conditions.push(sql`assignee = ${assignee}`);
  for (const word of text?.split(/\s+/).filter(Boolean) ?? [])
    conditions.push(
      sql`concat_ws(' ', name, description, hold_action, message, title_key, title, org) ilike ${containing(word)}`,
    );
  if (role !== undefined) conditions.push(roleCondition(registry, role));
  return conditions;
}

function roleCondition({ roles, actions }: Registry, role: string): RawBuilder<unknown> {
  if (roles.find(role) === undefined) {
    const near = nearest(role, roles.names);
    const known = `the roles are: ${roles.names.join(', ')}`;
    throw new Refused('not found', `${role} is no role`, near === undefined ? known : `did you mean ${near}? ${known}`);
  }
  const answerable = [...actions.values()]
    .filter(({ privilege }) => privilege === undefined || roles.give([role], privilege))
    .map(({ name }) => name);
  const operates = roles.give([role], OPERATE_PIPELINES);
  return sql`(hold_role = ${role} or hold_action = any(${answerable}) or (${operates} and status = 'failed'))`;
}

/** A pattern for `ilike`: the text as it stands, anywhere. */
const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;
