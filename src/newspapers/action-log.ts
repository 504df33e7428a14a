/** The story of an issue as a text for people, `actions.txt` (newspapers spec 3.2.21). */
import { messageOf, oneLine, phraseOf, type Happening } from './event-words.js';

const WIDTH = 80;
const INDENT = '    ';

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
      const header = `${oneLine(actor)} ${phraseOf(kind)} on ${date(at)}`;
      const message = messageOf({ kind, detail });
      return message === '' ? `${header}\n` : `${header}:\n\n${wrapped(message)}\n`;
    })
    .join('\n');
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

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "Jan 2, 2006 at 3:04pm", in local time. */
function date(at: Date): string {
  const hours = at.getHours();
  const time = `${hours % 12 === 0 ? 12 : hours % 12}:${String(at.getMinutes()).padStart(2, '0')}${hours < 12 ? 'am' : 'pm'}`;
  return `${MONTHS[at.getMonth()] ?? ''} ${at.getDate()}, ${at.getFullYear()} at ${time}`;
}
