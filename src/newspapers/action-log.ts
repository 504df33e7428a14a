/** The story of an issue as a text for people, `actions.txt` (newspapers spec 3.2.21). */

/** Of what happened, what the text tells. */
export interface Happening {
  at: Date;
  actor: string;
  /** As in `events`. */
  kind: string;
  detail: Readonly<Record<string, unknown>>;
}

const WIDTH = 80;
const INDENT = '    ';

/** How events read; others by their own words. */
const VERB_PHRASES: Readonly<Record<string, string>> = {
  issue_created: 'took the issue in',
  held: 'asked a question',
  decided: 'answered a question',
  failed_attempt: 'ran a job, which failed and will be tried again',
  failed: 'ran a job, which failed',
  rescued: 'went on after a runner had died',
  requeued: 'let the work go on',
  cancelled: 'cancelled the work',
  error_reported: 'reported an unfixable error',
  pages_reviewed: 'ended the page review',
  fixity_damaged: 'found damaged files',
};

/**
 * Who did what when, oldest first, each with its message indented and wrapped at 80 columns.
 *
 * @example
 * ann reported an unfixable error on Jan 2, 2026 at 3:04pm:
 *
 *     page 3 is missing
 */
export function actionLog(happenings: readonly Happening[]): string {
  return happenings
    .map(({ at, actor, kind, detail }) => {
      const header = `${oneLine(actor)} ${VERB_PHRASES[kind] ?? oneLine(kind).replaceAll('_', ' ')} on ${date(at)}`;
      const message = messageOf(detail);
      return message === '' ? `${header}\n` : `${header}:\n\n${wrapped(message)}\n`;
    })
    .join('\n');
}

/** What people wrote or were told. */
function messageOf(detail: Happening['detail']): string {
  const { verb, message, comment, reason, error } = detail;
  const failure = error !== null && typeof error === 'object' && 'message' in error ? error.message : error;
  const texts = [verb, message, comment, reason, failure];
  return texts.filter((text): text is string => typeof text === 'string' && text.trim() !== '').join('\n');
}

function wrapped(message: string): string {
  const lines = message.replace(/\r\n?/g, '\n').trim().split('\n');
  return lines.flatMap((line) => wrapLine(line)).join('\n');
}

function wrapLine(line: string): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.trim().split(/\s+/)) {
    if (current !== '' && INDENT.length + current.length + 1 + word.length > WIDTH) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current].map((text) => (text === '' ? '' : INDENT + text));
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ');

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "Jan 2, 2006 at 3:04pm", in local time. */
function date(at: Date): string {
  const hours = at.getHours();
  const time = `${hours % 12 === 0 ? 12 : hours % 12}:${String(at.getMinutes()).padStart(2, '0')}${hours < 12 ? 'am' : 'pm'}`;
  return `${MONTHS[at.getMonth()] ?? ''} ${at.getDate()}, ${at.getFullYear()} at ${time}`;
}
