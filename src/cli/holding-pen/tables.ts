import type { listHeld } from '../../engine/status.js';
import { ago, span, table, visible } from '../table.js';
import type { showHeld } from './show.js';

/** The pen, one pipeline a line. */
export const penTable = (held: Awaited<ReturnType<typeof listHeld>>): string =>
  table(
    ['pipeline', 'question', 'about', 'for', 'since', 'message'],
    held.map((p) => [
      p.id,
      p.status === 'failed' ? 'FAILED' : (p.hold_action ?? p.hold_kind),
      p.description,
      p.status === 'failed' ? 'sysadmin' : (p.assignee ?? p.hold_role),
      ago(p.since),
      p.message,
    ]),
    'nothing waits for anybody',
  );

/** One held pipeline, for people. */
export function heldText({ pipeline: p, title, verbs, decisions }: Awaited<ReturnType<typeof showHeld>>): string {
  const lines = [`pipeline ${p.id} ${p.name}: ${p.description} is ${p.status}`];
  if (p.status === 'failed') {
    lines.push(
      `error: ${(p.error as { message?: string } | null)?.message ?? 'unknown'}`,
      `answers: run-jobs requeue ${p.id}, run-jobs skip ${p.id}, run-jobs cancel ${p.id}`,
    );
  } else if (p.hold_action === null) {
    lines.push(p.status === 'held' ? `waits for: ${p.hold_kind ?? ''}: ${p.hold_message ?? ''}` : 'it asks nothing');
  } else {
    lines.push(
      `question ${p.hold_rev}: ${title ?? p.hold_action}`,
      `for: ${p.assignee ?? p.hold_role ?? 'anybody'}`,
      `now: ${p.hold_message ?? ''}`,
      `answers: ${verbs.length ? verbs.map((verb) => `holding-pen decide ${p.id} ${verb}`).join(', ') : 'none yet'}`,
    );
    if (p.wake_at !== null) lines.push(`looks again by itself in ${span((p.wake_at.getTime() - Date.now()) / 1000)}`);
  }
  const facts = Object.entries((p.hold_payload ?? {}) as Record<string, unknown>).map(
    ([name, value]) => `${name}: ${String(value)}`,
  );
  const earlier = decisions.map(
    (d) => `${d.at.toISOString()} ${d.actor} decided ${d.verb}${d.comment === null ? '' : `: ${d.comment}`}`,
  );
  return [...lines, ...facts, ...earlier].map(visible).join('\n');
}
