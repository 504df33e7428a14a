/** What property tests feed to whatever reads text: every odd character, and how often they try. FUZZ_RUNS=… multiplies. */
import fc from 'fast-check';

const times = Number(process.env['FUZZ_RUNS'] ?? 1);

/** So many runs, or as many times more as FUZZ_RUNS says. */
export const runs = (count: number): { numRuns: number } => ({ numRuns: Math.ceil(count * times) });

/** For the time limit of a test that FUZZ_RUNS makes long. */
export const FUZZ_TIMEOUT = 180_000 + 60_000 * times;

/** Texts that programs stumble over: composed and decomposed, both directions, halves of pairs, what XML and JSON forbid. */
export const ODD: readonly string[] = [
  ...['', ' ', '\t', '\n', '\r\n', '\r', '\0', '\x01', '\x07', '\x1b[31m', '\x7f', '\x85', '\xa0', '\xad', '\u2028', '\u2029', '\ufeff'], // prettier-ignore
  ...['é', 'e\u0301', 'ﬁ', 'ß', 'İ', 'ı', 'K', 'Å', '日本', '٣', '１２', '½', '🗞️', '👩‍👩‍👧', '\u202e', '\u200b', '\ufffd', '\ufffe', '\uffff'], // prettier-ignore
  ...['\ud800', '\udc00', '\ue000', '\u{1f000}', '\u{10ffff}', '__proto__', 'constructor', 'null', 'NaN', '-0', '1e3', '0x1f'], // prettier-ignore
  ...['/', '\\', '..', '.', '~', '*', '?', '%', '%0A', '%00', '%25', '$(x)', '`x`', '-rf', '--', "'", '"', ';', ',', '=', '#', '&', '<', '>', ']]>', '<!--', '&amp;', '&#x1;'], // prettier-ignore
  ...['0', '00', '007', '9', '99', '-', '_', 'error', '-error', 'a', 'Z'],
];

/** Any text at all: of any code units, halves of pairs included, and often of the odd ones above. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((units) => String.fromCharCode(...units)),
  fc.array(fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'grapheme', maxLength: 3 })), { maxLength: 8 }).map((parts) => parts.join('')), // prettier-ignore
);

/** A right text with something done to it: characters taken out, doubled, changed, odd ones put in. */
export const spoilt = (right: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      right,
      fc.array(fc.tuple(fc.nat(999), fc.constantFrom('cut', 'double', 'odd', 'end'), fc.constantFrom(...ODD)), {
        minLength: 1,
        maxLength: 3,
      }),
    ) // prettier-ignore
    .map(([text, deeds]) =>
      deeds.reduce((now, [share, deed, odd]) => {
        const at = Math.floor((share / 1000) * (now.length + 1));
        if (deed === 'cut') return now.slice(0, at) + now.slice(at + 1);
        if (deed === 'double') return now.slice(0, at) + now.slice(Math.max(0, at - 1));
        return deed === 'odd' ? now.slice(0, at) + odd + now.slice(at) : now.slice(0, at);
      }, text),
    );

/** As files and pipes keep it: halves of surrogate pairs become U+FFFD. */
export const wellFormed = (text: string): string => Buffer.from(text).toString();

/** One name of a file: no "/" and no NUL, at most 255 bytes, not "." or "..". */
export const oddName: fc.Arbitrary<string> = anyText
  .map((text) => wellFormed(text.replaceAll(/[/\0]/g, '')))
  .filter((name) => name !== '' && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 200);
