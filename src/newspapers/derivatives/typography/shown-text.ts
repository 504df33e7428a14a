/** Where a page shows text, in which font and size: by reading what it draws (ISO 32000-1, 9.4). */
import {
  decodePDFRawStream,
  PDFArray,
  PDFDict,
  PDFName,
  PDFRawStream,
  PDFStream,
  type PDFDocument,
  type PDFObject,
  type PDFPage,
} from 'pdf-lib';
import { readContent, type Operand } from './content-tokens.js';
import { IDENTITY, moved, times, toMatrix, type Matrix } from './matrix.js';
import { numbersIn, readTypeface, type Typeface } from './typeface.js';

/** One string that is shown: a piece of a line. Points from the upper left corner of the page as it is seen. */
export interface ShownText {
  /** The base line, from its beginning to its end. */
  from: { x: number; y: number };
  to: { x: number; y: number };
  /** Of the letters, in points, as they appear. */
  size: number;
  typeface: Typeface;
  /** Recognised text under a picture: nobody sees its font. */
  invisible: boolean;
}

/** Forms within forms: more is a trap. */
const MOST_DEPTH = 12;
/** Drawn on one page, however deep: forms that draw each other ten times have no end. */
const MOST_FORMS = 20_000;
/** A page of small print has some ten thousand. */
const MOST_SHOWN = 500_000;
const INVISIBLE = 3;

interface State {
  place: Matrix;
  typeface: Typeface | undefined;
  size: number;
  letterSpace: number;
  wordSpace: number;
  stretch: number;
  leading: number;
  rise: number;
  mode: number;
}

/** Everything a page shows, in the order it is drawn in. */
export function shownTexts(document: PDFDocument, page: PDFPage): ShownText[] {
  const shown: ShownText[] = [];
  const contents = page.node.Contents();
  const streams = contents instanceof PDFArray ? contents.asArray() : contents ? [contents] : [];
  const parts = streams.map((each) => decoded(document.context.lookup(each)));
  const bytes = Buffer.concat(parts.flatMap((part) => (part ? [part, Buffer.from('\n')] : [])));
  const common = { typefaces: new Map<PDFObject, Typeface>(), forms: 0 };
  new Interpreter(document, shown, common).run(bytes, page.node.Resources(), display(page), 0);
  return shown;
}

/** From the page's own coordinates to what a reader sees: the crop box, turned. */
function display(page: PDFPage): Matrix {
  const media = page.getMediaBox();
  const crop = page.getCropBox();
  const left = Math.max(crop.x, media.x);
  const bottom = Math.max(crop.y, media.y);
  const right = Math.min(crop.x + crop.width, media.x + media.width);
  const top = Math.min(crop.y + crop.height, media.y + media.height);
  switch (((page.getRotation().angle % 360) + 360) % 360) {
    case 90:
      return [0, 1, 1, 0, -bottom, -left];
    case 180:
      return [-1, 0, 0, 1, right, -bottom];
    case 270:
      return [0, -1, -1, 0, top, right];
    default:
      return [1, 0, 0, -1, -left, top];
  }
}

function decoded(stream: PDFObject | undefined): Uint8Array | undefined {
  if (!(stream instanceof PDFRawStream)) return stream instanceof PDFStream ? stream.getContents() : undefined;
  return decodePDFRawStream(stream).decode();
}

class Interpreter {
  private readonly saved: State[] = [];
  private state: State = {
    ...{ place: IDENTITY, typeface: undefined, size: 0, letterSpace: 0, wordSpace: 0 },
    ...{ stretch: 1, leading: 0, rise: 0, mode: 0 },
  };
  private text = IDENTITY;
  private line = IDENTITY;
  private resources: PDFDict | undefined;

  constructor(
    private readonly document: PDFDocument,
    private readonly shown: ShownText[],
    /** Of the whole page, whatever draws. */
    private readonly common: { typefaces: Map<PDFObject, Typeface>; forms: number },
  ) {}

  run(bytes: Uint8Array, resources: PDFDict | undefined, place: Matrix, depth: number): void {
    this.resources = resources;
    this.state.place = place;
    readContent(bytes, (operator, operands) => this.operate(operator, operands, depth));
  }

  private operate(operator: string, operands: Operand[], depth: number): void {
    const { state } = this;
    const number = (index: number) => (typeof operands[index] === 'number' ? operands[index] : 0);
    switch (operator) {
      case 'q':
        if (this.saved.length < 1000) this.saved.push({ ...state });
        return;
      case 'Q':
        this.state = this.saved.pop() ?? state;
        return;
      case 'cm':
        state.place = times(toMatrix(operands) ?? IDENTITY, state.place);
        return;
      case 'BT':
        this.text = this.line = IDENTITY;
        return;
      case 'Tf':
        state.typeface = this.typeface(operands[0]);
        state.size = number(1);
        return;
      case 'Tc':
        state.letterSpace = number(0);
        return;
      case 'Tw':
        state.wordSpace = number(0);
        return;
      case 'Tz':
        state.stretch = number(0) / 100;
        return;
      case 'TL':
        state.leading = number(0);
        return;
      case 'Ts':
        state.rise = number(0);
        return;
      case 'Tr':
        state.mode = number(0);
        return;
      case 'Tm':
        this.text = this.line = toMatrix(operands) ?? IDENTITY;
        return;
      case 'TD':
        state.leading = -number(1);
        {
          this.nextLine(number(0), number(1));
          return;
        }
      case 'Td': {
        this.nextLine(number(0), number(1));
        return;
      }
      case 'T*': {
        this.nextLine(0, -state.leading);
        return;
      }
      case 'Tj': {
        this.show([operands[0] ?? null]);
        return;
      }
      case 'TJ': {
        this.show(Array.isArray(operands[0]) ? operands[0] : []);
        return;
      }
      case "'":
        this.nextLine(0, -state.leading);
        {
          this.show([operands[0] ?? null]);
          return;
        }
      case '"':
        state.wordSpace = number(0);
        state.letterSpace = number(1);
        this.nextLine(0, -state.leading);
        {
          this.show([operands[2] ?? null]);
          return;
        }
      case 'gs': {
        this.extendedState(operands[0]);
        return;
      }
      case 'Do': {
        this.form(operands[0], depth);
        return;
      }
    }
  }

  private nextLine(x: number, y: number): void {
    this.text = this.line = moved(this.line, x, y);
  }

  private show(pieces: readonly Operand[]): void {
    const { typeface, size, stretch, rise, mode, place } = this.state;
    if (!typeface || this.shown.length >= MOST_SHOWN) return;
    const begin = times(this.text, place);
    let advance = 0;
    for (const piece of pieces) {
      if (typeof piece === 'number') advance -= (piece / 1000) * size * stretch;
      else if (piece instanceof Uint8Array) advance += this.widthOf(piece, typeface);
    }
    this.text = moved(this.text, advance, 0);
    const at = (x: number) => {
      const [, , , , e, f] = moved(begin, x, rise);
      return { x: e, y: f };
    };
    const height = Math.abs(size) * Math.hypot(begin[2], begin[3]) * typeface.scale;
    this.shown.push({ from: at(0), to: at(advance), size: height, typeface, invisible: mode === INVISIBLE });
  }

  private widthOf(codes: Uint8Array, { bytesPerCode, widthOf }: Typeface): number {
    const { size, stretch, letterSpace, wordSpace } = this.state;
    let width = 0;
    for (let at = 0; at + bytesPerCode <= codes.length; at += bytesPerCode) {
      const code = bytesPerCode === 1 ? (codes[at] ?? 0) : (codes[at] ?? 0) * 256 + (codes[at + 1] ?? 0);
      width += (widthOf(code) / 1000) * size + letterSpace;
      if (bytesPerCode === 1 && code === 32) width += wordSpace;
    }
    return width * stretch;
  }

  /** A graphics state may set the font. */
  private extendedState(name: Operand | undefined): void {
    const settings = this.resource('ExtGState', name);
    const font = settings instanceof PDFDict ? settings.lookup(PDFName.of('Font')) : undefined;
    if (!(font instanceof PDFArray)) return;
    const dictionary = font.lookupMaybe(0, PDFDict);
    if (dictionary) this.state.typeface = this.known(dictionary);
    const size = font.lookup(1);
    this.state.size = size === undefined ? 0 : Number(size.toString());
  }

  private form(name: Operand | undefined, depth: number): void {
    const form = this.resource('XObject', name);
    if (
      !(form instanceof PDFStream) ||
      depth >= MOST_DEPTH ||
      form.dict.lookup(PDFName.of('Subtype')) !== PDFName.of('Form')
    )
      return;
    if (++this.common.forms > MOST_FORMS) throw new Error(`it draws more than ${MOST_FORMS} forms`);
    const bytes = decoded(form);
    if (!bytes) return;
    const resources = form.dict.lookupMaybe(PDFName.of('Resources'), PDFDict) ?? this.resources;
    const place = times(toMatrix(numbersIn(form.dict, 'Matrix') ?? []) ?? IDENTITY, this.state.place);
    new Interpreter(this.document, this.shown, this.common).run(bytes, resources, place, depth + 1);
  }

  private typeface(name: Operand | undefined): Typeface | undefined {
    const font = this.resource('Font', name);
    return font instanceof PDFDict ? this.known(font) : undefined;
  }

  private known(font: PDFDict): Typeface {
    const { typefaces } = this.common;
    const known = typefaces.get(font) ?? readTypeface(font);
    typefaces.set(font, known);
    return known;
  }

  private resource(kind: string, name: Operand | undefined): PDFObject | undefined {
    const all = this.resources?.lookup(PDFName.of(kind));
    return all instanceof PDFDict && typeof name === 'string' ? all.lookup(PDFName.of(name.slice(1))) : undefined;
  }
}
