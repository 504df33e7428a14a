/** Breaks a paragraph into lines of one measure, all at once, so that the spaces are even (after Knuth and Plass, 1981). */
import type { Face } from '../fonts/face.js';
import { hyphenate } from './hyphenate.js';

export interface TypeStyle {
  face: Face;
  size: number;
}

export interface Line extends TypeStyle {
  text: string;
  /** From the left edge of the column, in points. */
  indent: number;
  /** Added to each space, in points. */
  wordSpacing: number;
  /** Added after each letter, in points. */
  letterSpacing: number;
}

export interface ParagraphStyle extends TypeStyle {
  measure: number;
  /** Of the first line. */
  indent: number;
  /** Of all other lines: hanging, for classified advertisements. */
  hanging?: number;
  /** The last line of a paragraph that goes on elsewhere is justified as well. */
  align?: 'justified' | 'left' | 'center';
}

/** Letters may be spaced by this share of the size at most: more, and a reader of the PDF sees letters instead of words. */
const MOST_LETTER_SPACING = 0.035;
const HYPHEN_PENALTY = 45;
const SHRINK = 0.25;

interface Piece {
  text: string;
  width: number;
  /** A space follows; otherwise a hyphen is set when the line ends here. */
  endsWord: boolean;
  /** Ends in a hyphen of its own, as "full-grown" does. */
  hyphenated: boolean;
}

/** The lines of a paragraph, justified but for the last. */
export function breakLines(text: string, style: ParagraphStyle): Line[] {
  const { face, size, measure } = style;
  const space = face.width(' ', size);
  const hyphen = face.width('-', size);
  const pieces = piecesOf(text, face, size, style.align === undefined || style.align === 'justified');
  const room = (lineStartsAt: number): number => measure - (lineStartsAt === 0 ? style.indent : (style.hanging ?? 0));

  // best[i]: the cheapest way to have set everything before piece i
  const best: { cost: number; from: number }[] = [{ cost: 0, from: -1 }];
  for (let end = 1; end <= pieces.length; end++) {
    best[end] = { cost: Infinity, from: end - 1 };
    let width = 0;
    let spaces = 0;
    for (let start = end - 1; start >= 0; start--) {
      const piece = pieces[start] as Piece; // start < pieces.length
      width += piece.width;
      if (start < end - 1 && piece.endsWord && !piece.hyphenated) {
        width += space;
        spaces++;
      }
      const lastPiece = pieces[end - 1] as Piece;
      const natural = width + (lastPiece.endsWord ? 0 : hyphen);
      if (natural - spaces * space * SHRINK > room(start) && start < end - 1) break;
      const cost =
        (best[start]?.cost ?? Infinity) +
        lineCost(natural, room(start), spaces, space, end === pieces.length) +
        (lastPiece.endsWord ? 0 : HYPHEN_PENALTY);
      if (cost < (best[end] as { cost: number }).cost) best[end] = { cost, from: start };
    }
  }

  const lines: Line[] = [];
  for (let end = pieces.length; end > 0; end = best[end]?.from ?? 0) {
    lines.unshift(makeLine(pieces, best[end]?.from ?? 0, end, style, room(best[end]?.from ?? 0)));
  }
  return lines;
}

function piecesOf(text: string, face: Face, size: number, mayHyphenate: boolean): Piece[] {
  return text
    .split(' ')
    .filter(Boolean)
    .flatMap((word) => {
      const [head = '', ...tail] = word.split(/(?<=[a-z]-)(?=[a-z])|(?<=—)/);
      return [head, ...tail].flatMap((stem, s, stems) => {
        const ownBreak = s < stems.length - 1;
        const parts = mayHyphenate ? hyphenate(stem) : [stem];
        return parts.map((part, i) => ({
          text: part,
          width: face.width(part, size),
          endsWord: i === parts.length - 1,
          hyphenated: i === parts.length - 1 && ownBreak,
        }));
      });
    });
}

function lineCost(natural: number, room: number, spaces: number, space: number, last: boolean): number {
  const slack = room - natural;
  if (last && slack >= 0) return 0;
  if (slack < 0) return 10 + 400 * (-slack / Math.max(1, spaces * space * SHRINK)) ** 2;
  const ratio = slack / Math.max(space * 0.6, spaces * space * 0.6);
  return 10 + 100 * ratio ** 3;
}

function makeLine(pieces: readonly Piece[], start: number, end: number, style: ParagraphStyle, room: number): Line {
  let text = '';
  for (let i = start; i < end; i++) {
    const piece = pieces[i] as Piece;
    text += piece.text;
    if (i === end - 1) text += piece.endsWord ? '' : '-';
    else if (piece.endsWord && !piece.hyphenated) text += ' ';
  }
  const { face, size, measure } = style;
  const natural = face.width(text, size);
  const line: Line = { face, size, text, indent: measure - room, wordSpacing: 0, letterSpacing: 0 };
  const slack = room - natural;
  if (style.align === 'center') return { ...line, indent: line.indent + slack / 2 };
  if (style.align === 'left') return line;
  if (end === pieces.length && slack >= 0) return line;

  const spaces = text.split(' ').length - 1;
  const widest = face.width(' ', size) * 1.1;
  if (spaces > 0 && slack / spaces > widest) {
    // a loose line: what the spaces cannot take without a hole goes between the letters
    line.letterSpacing = Math.min((slack - spaces * widest) / (text.length - 1), size * MOST_LETTER_SPACING);
  }
  if (spaces > 0) line.wordSpacing = (slack - line.letterSpacing * (text.length - 1)) / spaces;
  return line;
}

/** The text in as few lines as it takes, each about equally long: for headlines. */
export function balancedLines(text: string, style: ParagraphStyle): Line[] {
  const greedy = breakLines(text, { ...style, align: style.align ?? 'left' });
  if (greedy.length < 2) return greedy;
  let narrow = style.measure * 0.4;
  let wide = style.measure;
  for (let i = 0; i < 9; i++) {
    const middle = (narrow + wide) / 2;
    const lines = breakLines(text, { ...style, measure: middle, align: 'left' });
    const fits =
      lines.length <= greedy.length && lines.every((line) => style.face.width(line.text, style.size) <= middle);
    if (fits) wide = middle;
    else narrow = middle;
  }
  const lines = breakLines(text, { ...style, measure: wide, align: 'left' });
  if (style.align !== 'center') return lines;
  return lines.map((line) => ({ ...line, indent: (style.measure - style.face.width(line.text, style.size)) / 2 }));
}
