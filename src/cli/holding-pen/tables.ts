/** How `holding-pen` prints for people. */
import { FACETS, type Facets, type Held } from '../../engine/pen/list.js';
import type { showHeld } from '../../engine/pen/show.js';
import { ago, span, table, visible } from '../table.js';
import { waitText } from './wait-text.js';

type Shown = Awaited<ReturnType<typeof showHeld>>;

/** The pen, one pipeline a line. */
export function penTable(held: Held[], total: number): string {
  const rows = table(
    ['pipeline', 'question', 'about', 'for', 'since', 'message'],
    held.map((p) => [
      p.id,
      p.status === 'failed' ? 'FAILED' : (p.hold_action ?? p.hold_kind),
      p.description,
      p.status === 'failed' ? 'sysadmin' : (p.assignee ?? p.hold_role),
      ago(p.since),
      p.snoozed_until === null ? p.message : `${putOff(p.snoozed_until, p.snooze_reason)} | ${p.message ?? ''}`,
    ]),
    'nothing waits for anybody',
  );
  return total > held.length ? `${rows}\n${held.length} of ${total}; --limit shows more, filters fewer` : rows;
}

/** How many there are of what, a table for each facet. */
export function facetsText(facets: Facets): string {
  const tables = FACETS.map((facet) => {
    const shown = facets[facet].slice(0, 20);
    const rest = facets[facet].length - shown.length;
    return (
      table(
        [facet, 'count'],
        shown.map(({ value, name, count }) => [value === null ? '(none)' : name ? `${value} ${name}` : value, count]),
      ) + (rest > 0 ? `\nand ${rest} more` : '')
    );
  });
  return facets.total === 0 ? 'nothing waits for anybody' : [...tables, `${facets.total} in all`].join('\n\n');
}

/** One held pipeline, for people. */
export function heldText(shown: Shown): string {
  const { pipeline: p, decisions, events } = shown;
  const facts = Object.entries((p.hold_payload ?? {}) as Record<string, unknown>).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const history = [
    ...decisions.map((d) => ({ at: d.at, what: `${d.actor} decided ${d.verb}`, why: d.comment })),
    ...events
      .filter((e) => DESK.has(e.kind))
      .map((e) => ({
        at: e.at,
        what: `${e.actor} ${deskText(e)}`,
        why: (e.detail as { reason?: string }).reason ?? null,
      })),
  ]
    .sort((a, b) => a.at.getTime() - b.at.getTime())
    .map(({ at, what, why }) => `${at.toISOString()} ${what}${why === null ? '' : `: ${why}`}`);
  const lines = [
    `pipeline ${p.id} ${p.name}: ${p.description} is ${p.status}`,
    ...standing(shown),
    ...facts,
    ...history,
  ];
  return lines.map(visible).join('\n');
}

const DESK = new Set(['claimed', 'released', 'assigned', 'snoozed', 'unsnoozed', 'woken']);

function deskText({ kind, detail }: Shown['events'][number]): string {
  const { to } = detail as { to?: string };
  return to === undefined ? kind : `${kind} it to ${to}`;
}

function standing(shown: Shown): string[] {
  const { pipeline: p, title } = shown;
  if (p.status === 'failed')
    return [
      `error: ${(p.error as { message?: string } | null)?.message ?? 'unknown'}`,
      `answers: ${shown.remedies ?? `run-jobs requeue ${p.id}, run-jobs skip ${p.id}, run-jobs cancel ${p.id}`}`,
    ];
  const again = [
    ...(p.wake_at === null ? [] : [`looks again by itself in ${span((p.wake_at.getTime() - Date.now()) / 1000)}`]),
    ...(shown.snooze ? [putOff(shown.snooze.until, shown.snooze.reason)] : []),
  ];
  if (p.hold_action === null)
    return [
      p.status === 'held' ? `waits for: ${p.hold_kind ?? ''}: ${p.hold_message ?? ''}` : 'it asks nothing',
      ...again,
    ];
  return [
    `question ${p.hold_rev}: ${title ?? p.hold_action}`,
    `for: ${p.hold_role ?? 'anybody'}${shown.roles.length ? `; may answer: ${shown.roles.join(', ')}` : ''}`,
    ...(shown.claim ? [`claimed by ${shown.claim.by} until ${minute(shown.claim.until)}`] : []),
    `now: ${p.hold_message ?? ''}`,
    ...(p.held_at === null ? [] : [`waiting: ${waitText((Date.now() - p.held_at.getTime()) / 1000)}`]),
    ...(p.due_at === null ? [] : [`due: ${minute(p.due_at)}${p.due_at.getTime() < Date.now() ? ', overdue' : ''}`]),
    ...answers(shown),
    ...again,
  ];
}

/** The answers as one types them, what each does, what its parameters mean. */
function answers({ pipeline: p, verbs, needsClaim, claim }: Shown): string[] {
  if (verbs.length === 0) return ['answers: none yet'];
  const first = needsClaim && !claim ? [`first: holding-pen claim ${p.id}`] : [];
  const lines = verbs.flatMap(({ verb, effect, roles, parameters }) => [
    `  holding-pen decide ${p.id} ${verb}${effect === undefined ? '' : `    ${effect}`}${roles.length ? ` (takes the role ${roles.join(' or ')})` : ''}`,
    ...parameters.map(
      ({ name, required, meaning }) =>
        `      --set ${name}=...${required ? ' (needed)' : ''}${meaning === undefined ? '' : `    ${meaning}`}`,
    ),
  ]);
  return [...first, 'answers:', ...lines];
}

const minute = (at: Date | null): string =>
  at === null ? '?' : at.toISOString().slice(0, 16).replace('T', ' ') + ' UTC';
const putOff = (until: Date, reason: string | null): string => `put off until ${minute(until)}: ${reason ?? ''}`;
