/** A page as it is drawn: PDF operators, and a record of every word and where it stands. Measures are points from the top left. */
import type { Face } from '../fonts/face.js';
import { FACE_NAMES, type FaceName } from '../fonts/faces.js';
import { pdfString } from '../fonts/winansi.js';
import type { PictureRequest } from '../pictures/picture.js';
import type { Line, TypeStyle } from '../typeset/lines.js';

export interface PlacedWord {
  text: string;
  x: number;
  width: number;
  /** Of its baseline, from the top of the page. */
  baseline: number;
  size: number;
  face: Face;
}

/** Black is 0. A colour is only for the colour pages of an issue. */
export type Ink = number | readonly [red: number, green: number, blue: number];

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export class PageCanvas {
  readonly width: number;
  readonly height: number;
  readonly words: PlacedWord[] = [];
  readonly faces = new Set<FaceName>();
  /** To be made and embedded under the name /P0, /P1 ... */
  readonly pictures: PictureRequest[] = [];
  readonly #operators: string[] = [];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  /** Draws a line of type whose column starts at `x`. */
  line(line: Line, x: number, baseline: number, ink: Ink = 0): void {
    const left = x + line.indent;
    const { face, size, text, wordSpacing, letterSpacing } = line;
    this.#operators.push(
      `BT ${fill(ink)} /${this.#faceKey(face)} ${n(size)} Tf ${n(wordSpacing)} Tw ${n(letterSpacing)} Tc`,
      `1 0 0 1 ${n(left)} ${n(this.height - baseline)} Tm ${pdfString(text)} Tj ET`,
    );
    let at = left;
    for (const word of text.split(' ')) {
      const width = face.width(word, size) + letterSpacing * Math.max(0, word.length - 1);
      if (word !== '') this.words.push({ text: word, x: at, width, baseline, size, face });
      at += width + face.width(' ', size) + wordSpacing + letterSpacing * (word === '' ? 1 : 2);
    }
  }

  /** Draws a text that is no paragraph: a folio, a cell of a table, a line of an advertisement. */
  text(
    text: string,
    style: TypeStyle,
    x: number,
    baseline: number,
    align: 'left' | 'center' | 'right' = 'left',
    ink: Ink = 0,
  ): void {
    const width = style.face.width(text, style.size);
    const shift = align === 'left' ? 0 : align === 'center' ? width / 2 : width;
    this.line({ ...style, text, indent: -shift, wordSpacing: 0, letterSpacing: 0 }, x, baseline, ink);
  }

  rule(
    x1: number,
    y1: number,
    x2: number,
    y2: number,
    weight: number,
    ink: Ink = 0,
    dash: readonly number[] = [],
  ): void {
    this.#operators.push(
      `q ${stroke(ink)} ${n(weight)} w [${dash.map(n).join(' ')}] 0 d`,
      `${n(x1)} ${n(this.height - y1)} m ${n(x2)} ${n(this.height - y2)} l S Q`,
    );
  }

  frame({ x, y, width, height }: Rectangle, weight: number, ink: Ink = 0, dash: readonly number[] = []): void {
    this.#operators.push(
      `q ${stroke(ink)} ${n(weight)} w [${dash.map(n).join(' ')}] 0 d`,
      `${n(x)} ${n(this.height - y - height)} ${n(width)} ${n(height)} re S Q`,
    );
  }

  panel({ x, y, width, height }: Rectangle, ink: Ink): void {
    this.#operators.push(`q ${fill(ink)} ${n(x)} ${n(this.height - y - height)} ${n(width)} ${n(height)} re f Q`);
  }

  /** Draws a path given in a box of 100 by 100, y downward, scaled into a square; `M L C Z` with absolute numbers. */
  drawing(path: string, x: number, y: number, side: number, ink: Ink = 0): void {
    const scale = side / 100;
    const operators = path.replace(/([MLC])([^MLCZ]*)|Z/g, (all, command?: string, numbers?: string) => {
      if (command === undefined || numbers === undefined) return 'h ';
      return `${numbers.trim().replaceAll(',', ' ')} ${{ M: 'm', L: 'l', C: 'c' }[command] ?? all} `;
    });
    this.#operators.push(
      `q ${fill(ink)} ${n(scale)} 0 0 ${n(-scale)} ${n(x)} ${n(this.height - y)} cm ${operators}f* Q`,
    );
  }

  picture(picture: PictureRequest, { x, y, width, height }: Rectangle): void {
    const name = `P${this.pictures.length}`;
    this.pictures.push(picture);
    this.#operators.push(`q ${n(width)} 0 0 ${n(height)} ${n(x)} ${n(this.height - y - height)} cm /${name} Do Q`);
  }

  /** The content stream. */
  content(): string {
    return this.#operators.join('\n');
  }

  #faceKey(face: Face): string {
    const name = face.name as FaceName; // faces come from loadFaces(), which names them so
    this.faces.add(name);
    return faceKey(name);
  }
}

/** The name of a face in a page's resources. */
export function faceKey(name: FaceName): string {
  return `F${FACE_NAMES.indexOf(name)}`;
}

function fill(ink: Ink): string {
  return typeof ink === 'number' ? `${n(ink)} g` : `${ink.map(n).join(' ')} rg`;
}

function stroke(ink: Ink): string {
  return typeof ink === 'number' ? `${n(ink)} G` : `${ink.map(n).join(' ')} RG`;
}

/** At most three decimals, never an exponent: what PDF reads. */
function n(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
