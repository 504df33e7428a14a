/** The words of a page and where they stand, as `pdftotext -bbox-layout` prints them. */

/** Points from the upper left corner of the page as it is shown. */
export interface Box {
  xMin: number;
  yMin: number;
  xMax: number;
  yMax: number;
}

export interface Word extends Box {
  text: string;
}

export type Line = Word[];

/** Lines in reading order. */
export type Block = Line[];

/** pdftotext's output is not what it was when this was written. */
export class UnreadableText extends Error {
  override name = 'UnreadableText';
}

/** Control characters, which XML cannot carry (newspapers 6.3); U+FFFD is what invalid UTF-8 decodes to. */
const NEVER_IN_TEXT = /[\p{Cc}\uFFFD-\uFFFF]/gu;
/** Private-use glyphs and surrogates broke ONI's database; soft hyphens and other format characters stay. */
const NEVER_IN_WORDS = /[\p{Co}\p{Cs}\uFFFD-\uFFFF\p{Cc}]/gu;

/** Letters that are cast as one: "ﬁ" is "fi" to those who search. */
const LIGATURES = /[\uFB00-\uFB06\uFB13-\uFB17]/g;

/** Numerals and small capitals to which Adobe's fonts once gave private places, under names that say what they are. */
const OLD_STYLE = /[\uF730-\uF739\uF761-\uF77A]/g;

const CLOSING = '</(?:page|flow|block|line)>';
const OPENING = '<(page|flow|block|line)(?: [^>]*)?>';
const WORD = '<word xMin="([^"]*)" yMin="([^"]*)" xMax="([^"]*)" yMax="([^"]*)">([^<]*)</word>';

/**
 * Reads pdftotext's output for a page: every word with its box, blocks in poppler's order. Ligatures are taken apart.
 * Words left blank when they have been cleaned go, and the lines and blocks that they leave empty (newspapers 6.3,
 * steps 3 to 5).
 *
 * A scanner of our own, which accepts nothing but what pdftotext writes: a streaming XML parser takes four times as long.
 *
 * @throws {UnreadableText} when there is no document in it, or something unknown
 */
export function readPageText(output: Buffer): Block[] {
  const text = output.toString('utf8').replaceAll(NEVER_IN_TEXT, '');
  const start = text.indexOf('<doc>') + '<doc>'.length;
  const stop = text.indexOf('</doc>', start);
  if (start < '<doc>'.length || stop < 0) throw new UnreadableText('there is no <doc> in it');

  const blocks: Block[] = [];
  const token = new RegExp(` *(?:${CLOSING}|${OPENING}|${WORD})`, 'y');
  let read = start;
  token.lastIndex = start;
  for (let found = token.exec(text); found; found = token.exec(text)) {
    read = token.lastIndex;
    const [, opened, xMin, yMin, xMax, yMax, content] = found;
    if (opened === 'block') blocks.push([]);
    if (opened === 'line') blocks.at(-1)?.push([]);
    if (content === undefined) continue;
    const word = {
      text: unescaped(content)
        .replaceAll(OLD_STYLE, (glyph) =>
          String.fromCharCode(glyph.charCodeAt(0) - (glyph < '\uF740' ? 0xf700 : 0xf720)),
        )
        .replaceAll(NEVER_IN_WORDS, '')
        .replaceAll(LIGATURES, (ligature) => ligature.normalize('NFKC')),
      ...between([Number(xMin), Number(yMin)], [Number(xMax), Number(yMax)]),
    };
    if (word.text.trim() !== '' && hasPlace(word)) blocks.at(-1)?.at(-1)?.push(word);
  }
  if (text.slice(read, stop).trim() !== '')
    throw new UnreadableText(`there is something unknown in it: ${text.slice(read, read + 80).trim()}`);
  return blocks.map((lines) => lines.filter((words) => words.length > 0)).filter((lines) => lines.length > 0);
}

/** Whichever corners they are: mirrored text may have them the other way round, and ALTO has no width below zero. */
function between([x, y]: readonly [number, number], [otherX, otherY]: readonly [number, number]): Box {
  return { xMin: Math.min(x, otherX), yMin: Math.min(y, otherY), xMax: Math.max(x, otherX), yMax: Math.max(y, otherY) };
}

/** A broken text matrix gives "nan" or "inf". */
function hasPlace({ xMin, yMin, xMax, yMax }: Box): boolean {
  return [xMin, yMin, xMax, yMax].every(Number.isFinite);
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(
    /&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w+));/gi,
    (entity, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return NAMED[name] ?? entity;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '';
    },
  );
}
