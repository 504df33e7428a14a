/** Characters that a terminal obeys instead of showing: controls, lone halves of characters, and what turns the direction of writing. */
const OBEYED = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * A text from outside (a directory's name, a title, an error) as a terminal may show it: control characters, which could
 * move the cursor or hide text, and characters that turn the direction of writing are spelled out as \u{1b}.
 */
export const printable = (text: string): string =>
  text.replace(OBEYED, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);

/** The same for a text of several lines. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** A value as JSON that a terminal may show, too: what JSON itself leaves as it is (U+009B, U+202E) is escaped as it allows. */
export const printableJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent)
    .split('\n')
    .map((line) => line.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`))
    .join('\n');
