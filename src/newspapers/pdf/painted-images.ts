/** Lists the pictures that the pages of a PDF paint, and at what resolution. Runs in a thread. */
import type { PdfImage } from '../pdf-images.js';
import { matrixOf, mayPaint, multiplied, readContent, type Matrix } from './content.js';
import { NotPlain, Stream, TooMuch, type Dictionary, type Value } from './objects.js';
import { pagesOf } from './page-tree.js';
import type { PlainPdf } from './plain-pdf.js';
import { readPlainPdf, type Reading } from './reading.js';

const MOST_FORMS_DEEP = 20;
/** Forms and pictures painted in one file: what has more was made to harm. */
const MOST_PAINTED = 200_000;
const POINTS_PER_INCH = 72;

/** For `inThread`. */
export function listPaintedImages({ path, lenient }: { path: string; lenient: boolean }): Reading<PdfImage[]> {
  return readPlainPdf(path, lenient, (pdf) => new Walk(pdf).images());
}

class Walk {
  readonly #found: PdfImage[] = [];
  #painted = 0;
  #page = 0;
  /** Forms that paint no picture, however often they are painted. */
  readonly #empty = new Set<Stream>();

  constructor(private readonly pdf: PlainPdf) {}

  images(): PdfImage[] {
    for (const { page, resources } of pagesOf(this.pdf)) {
      this.#page++;
      this.#run(this.#content(page), resources ? [resources] : [], [1, 0, 0, 1], []);
      this.#annotations(page);
    }
    return this.#found;
  }

  #content(page: Dictionary): Buffer {
    const streams = this.pdf.list(page.get('Contents')).map((one) => this.pdf.resolve(one));
    const bodies = streams.flatMap((one) => (one instanceof Stream ? [this.pdf.unpacked(one), Buffer.from('\n')] : []));
    return bodies.length === 2 ? (bodies[0] ?? Buffer.alloc(0)) : Buffer.concat(bodies);
  }

  /** @param resources innermost first: a name that a form does not know is looked up outside, as viewers do */
  #run(content: Buffer, resources: readonly Dictionary[], matrix: Matrix, within: readonly Stream[]): void {
    if (!mayPaint(content)) return; // a page of text
    const drawables = resources.map((one) => this.pdf.dictionary(one.get('XObject')));
    readContent(content, matrix, {
      paint: (name, at) => {
        const target = drawables.find((one) => one?.has(name))?.get(name);
        if (target !== undefined) this.#paint(target, resources, at, within);
      },
      inline: (picture, at) => {
        this.#count();
        this.#picture(picture, at);
      },
    });
  }

  #paint(target: Value, resources: readonly Dictionary[], matrix: Matrix, within: readonly Stream[]): void {
    const painted = this.pdf.resolve(target);
    if (!(painted instanceof Stream)) return;
    this.#count();
    const subtype = this.pdf.name(painted.dictionary.get('Subtype'));
    if (subtype === 'Image') this.#picture(painted.dictionary, matrix);
    if (subtype === 'Form') this.#form(painted, resources, matrix, within);
  }

  #form(form: Stream, resources: readonly Dictionary[], matrix: Matrix, within: readonly Stream[]): void {
    if (within.includes(form) || within.length >= MOST_FORMS_DEEP || this.#empty.has(form)) return;
    const before = this.#found.length;
    const inner = multiplied(matrixOf(this.pdf.array(form.dictionary.get('Matrix'))), matrix);
    const own = this.pdf.dictionary(form.dictionary.get('Resources'));
    this.#run(this.pdf.unpacked(form), own ? [own, ...resources] : resources, inner, [...within, form]);
    if (this.#found.length === before) this.#empty.add(form);
  }

  /** What stamps and other annotations look like is painted into their rectangles. */
  #annotations(page: Dictionary): void {
    for (const one of this.pdf.array(page.get('Annots')) ?? []) {
      const annotation = this.pdf.dictionary(one);
      const look = this.#normalLook(annotation);
      const [left, bottom, right, top] = this.#numbers(annotation?.get('Rect'));
      const box = this.#numbers(look?.dictionary.get('BBox'));
      if (!look || top === undefined || box.length < 4) continue;
      const own = matrixOf(this.pdf.array(look.dictionary.get('Matrix')));
      const [wide, high] = extent(box, own);
      if (!wide || !high) continue;
      const scale: Matrix = [Math.abs((right ?? 0) - (left ?? 0)) / wide, 0, 0, Math.abs(top - (bottom ?? 0)) / high];
      this.#count();
      this.#form(look, [], scale, []);
    }
  }

  #normalLook(annotation: Dictionary | undefined): Stream | undefined {
    const looks = this.pdf.dictionary(annotation?.get('AP'));
    const normal = this.pdf.resolve(looks?.get('N'));
    if (normal instanceof Stream) return normal;
    const state = this.pdf.name(annotation?.get('AS'));
    const chosen = normal instanceof Map && state !== undefined ? this.pdf.resolve(normal.get(state)) : undefined;
    return chosen instanceof Stream ? chosen : undefined;
  }

  #numbers(value: Value | undefined): number[] {
    return (this.pdf.array(value) ?? []).map((one) => this.pdf.number(one) ?? 0);
  }

  #count(): void {
    if (++this.#painted > MOST_PAINTED) throw new TooMuch(`it paints more than ${MOST_PAINTED} pictures`);
  }

  #picture(picture: Dictionary, [a, b, c, d]: Matrix): void {
    const width = this.pdf.number(picture.get('Width'));
    const height = this.pdf.number(picture.get('Height'));
    if (width === undefined || height === undefined) {
      if (this.pdf.lenient) return; // nobody can show it
      throw new NotPlain('it has a picture without a size');
    }
    const xDpi = wholeDots((width * POINTS_PER_INCH) / Math.hypot(a, b));
    const yDpi = wholeDots((height * POINTS_PER_INCH) / Math.hypot(c, d));
    this.#found.push({ page: this.#page, width, height, xDpi, yDpi });
  }
}

/** As `pdfimages` lists them: coordinates of PDFs are rounded, and limits are whole numbers. */
const wholeDots = (dpi: number): number => (dpi < 1 ? dpi : Math.round(dpi));

/** Width and height of a box after a matrix. */
function extent([left = 0, bottom = 0, right = 0, top = 0]: readonly number[], [a, b, c, d]: Matrix): [number, number] {
  const [wide, high] = [Math.abs(right - left), Math.abs(top - bottom)];
  return [Math.abs(a) * wide + Math.abs(c) * high, Math.abs(b) * wide + Math.abs(d) * high];
}
