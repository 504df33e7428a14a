/** Words broken over two lines (newspapers 6.3): "De-" and "velopment" are one word to those who search. */
import type { Block, Word } from './page-text.js';

/** A word as ALTO writes it. */
export interface AltoWord extends Word {
  /** It is a part of a broken word, which is this when whole. */
  part?: { type: 'HypPart1' | 'HypPart2'; whole: string };
  /** The hyphen that was taken off its end. */
  hyphen?: string;
}

const SOFT_HYPHEN = '\u00AD';
/** Ends in a hyphen that follows a letter: no dash, no bare hyphen. */
const BROKEN = /^(.*\p{L}\p{M}*)([-\u00AD])$/u;

/**
 * Marks the words of a block that are broken over two of its lines: the hyphen comes off the first part, both parts
 * carry the whole word.
 *
 * A soft hyphen says so itself. A plain one counts when the next line goes on with a small letter, or with a capital
 * after nothing but capitals (a headline): "New-" and "York" stay two words.
 */
export function markBrokenWords(block: Block): AltoWord[][] {
  const lines = block.map((line): AltoWord[] => line.map((word) => ({ ...word })));
  for (const [index, line] of lines.entries()) {
    const first = line.at(-1);
    const second = lines[index + 1]?.[0];
    if (!first || !second || first.part) continue; // a part already: nothing can be part of two words
    const [, start, hyphen] = BROKEN.exec(first.text) ?? [];
    if (start === undefined || hyphen === undefined || !goesOn(start, hyphen, second.text)) continue;
    const whole = start + second.text;
    Object.assign(first, { text: start, hyphen, part: { type: 'HypPart1', whole } });
    Object.assign(second, { part: { type: 'HypPart2', whole } });
  }
  return lines;
}

function goesOn(start: string, hyphen: string, next: string): boolean {
  if (hyphen === SOFT_HYPHEN) return /^\p{L}/u.test(next);
  if (/^\p{Ll}/u.test(next)) return true;
  return /^\p{Lu}/u.test(next) && /^\P{Ll}*\p{Lu}\P{Ll}*$/u.test(start) && !/\p{Ll}/u.test(next);
}
