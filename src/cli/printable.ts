/**
 * A text from outside (a directory's name, a title, an error) as a terminal may show it: control characters, which could
 * move the cursor or hide text, and characters that turn the direction of writing are spelled out as \u{1b}.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}

/** The same for a text of several lines. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');
