/** Command lines as ONI agents read them: each argument in double quotes, backslashes before quotes and backslashes (newspapers spec 8.3). */

export const quoteCommand = (words: readonly string[]): string =>
  words.map((word) => `"${word.replace(/["\\]/g, '\\$&')}"`).join(' ');

/** The words of a command line, quoted or not. */
export function splitCommand(line: string): string[] {
  const words = line.match(/"(?:[^"\\]|\\.)*"?|\S+/gs) ?? [];
  return words.map((word) => (word.startsWith('"') ? word.slice(1).replace(/"$/, '').replace(/\\(.)/gs, '$1') : word));
}

/** What ends the payload of a command. */
export const PAYLOAD_END = '\n\nEND\n';
