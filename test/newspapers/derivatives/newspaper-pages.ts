/** Newspaper pages whose reading order is known, set by pdf-lib; the words are drawn in no order at all. */
import { PDFDocument, StandardFonts, type PDFFont } from 'pdf-lib';

export interface NewspaperPage {
  name: string;
  bytes: Uint8Array;
  /** The words of each line, in reading order; no word comes twice. */
  lines: string[][];
}

/** A piece of column: points from the upper left corner. */
interface Zone {
  x: number;
  y: number;
  w: number;
  h: number;
  size: number;
  /** A headline of so many lines. */
  head?: number;
}

const SYLLABLES = 'ba ce di fo gu ka le mi no pu ra se ti vo wu za ber cal dor fen gil han jor kel lam mor'.split(' ');

/** Pages of six kinds, with gutters of that many points between their columns. */
export async function newspaperPages(gutter: number): Promise<NewspaperPage[]> {
  const six = columns(6, 40, 720, gutter);
  const over = (from: number, to: number) => ({
    x: six[from]?.x ?? 0,
    w: (six[to]?.x ?? 0) + (six[to]?.w ?? 0) - (six[from]?.x ?? 0),
  });
  const body = (these: { x: number; w: number }[], y: number, h: number): Zone[] =>
    these.map((column) => ({ ...column, ...{ y, h, size: 9 } }));
  const head = (place: { x: number; w: number }, y: number, size: number, lines = 1): Zone => ({
    ...place,
    ...{ y, h: size * 1.2 * lines, size, head: lines },
  });
  const all = { x: 40, w: 720 };
  const tabloid = columns(3, 36, 540, gutter);
  const four = columns(4, 40, 470, gutter);
  const plans: [string, number, number, Zone[]][] = [
    ['six columns', 800, 1100, [head(all, 40, 48), head(all, 120, 24), ...body(six, 160, 880)]],
    [
      'headlines over some columns',
      ...[800, 1100],
      [
        ...[head(all, 40, 36), head(over(0, 3), 100, 26), ...body(six.slice(0, 4), 140, 400)],
        ...[head(over(0, 1), 560, 18, 2), ...body(six.slice(0, 2), 615, 420)],
        ...[head(over(2, 3), 560, 18, 2), ...body(six.slice(2, 4), 615, 420)],
        ...[head(over(4, 5), 100, 18, 2), ...body(six.slice(4), 155, 300)],
        ...[head(over(4, 5), 480, 18, 2), ...body(six.slice(4), 535, 500)],
      ],
    ],
    [
      'three stories in each column',
      ...[800, 1100],
      six.flatMap((column, index) =>
        [0, 1, 2].flatMap((story) => {
          const y = 60 + story * 340 + (index % 3) * 20;
          return [head(column, y, 12, 2), ...body([column], y + 32, 270)];
        }),
      ),
    ],
    ['a tabloid', 612, 792, [head({ x: 36, w: 540 }, 36, 30, 2), ...body(tabloid, 120, 600)]],
    [
      'two storeys',
      ...[800, 1100],
      [head(all, 40, 26), ...body(six, 80, 440), head(all, 540, 26), ...body(six, 580, 460)],
    ],
    [
      'grids of several widths',
      ...[800, 1100],
      [
        ...[head({ x: 40, w: 470 }, 40, 26), ...body(four, 80, 500)],
        ...[head({ x: 530, w: 230 }, 40, 16), ...body([{ x: 530, w: 230 }], 66, 510)],
        ...[head(all, 620, 20), ...body(columns(5, 40, 720, gutter), 650, 390)],
      ],
    ],
  ] as [string, number, number, Zone[]][];
  return Promise.all(plans.map(([name, width, height, zones]) => set(name, width, height, zones)));
}

function columns(count: number, x: number, width: number, gutter: number): { x: number; w: number }[] {
  const w = (width - (count - 1) * gutter) / count;
  return Array.from({ length: count }, (_, index) => ({ x: x + index * (w + gutter), w }));
}

async function set(name: string, width: number, height: number, zones: readonly Zone[]): Promise<NewspaperPage> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const fonts = [StandardFonts.TimesRoman, StandardFonts.TimesRomanBold];
  const [plain, bold] = (await Promise.all(fonts.map((font) => document.embedFont(font)))) as [PDFFont, PDFFont]; // two
  const page = document.addPage([width, height]);
  const random = randomNumbers(name.length);
  const lines: string[][] = [];
  const drawing: (() => void)[] = [];
  for (const { x, y, w, h, size, head } of zones) {
    const font = head === undefined ? plain : bold;
    const count = head ?? Math.floor(h / (size * 1.15));
    for (let row = 0; row < count; row++) {
      const ragged = row === count - 1 || random() < 0.15; // the last line of a paragraph
      const words = fill(
        font,
        size,
        ragged && head === undefined ? w * (0.4 + 0.5 * random()) : w,
        random,
        lines.length,
      );
      const widths = words.map((word) => font.widthOfTextAtSize(word, size));
      const space = font.widthOfTextAtSize(' ', size);
      const rest = (w - widths.reduce((sum, each) => sum + each, 0)) / Math.max(1, words.length - 1);
      const gap = ragged || head !== undefined ? space : Math.min(rest, space * 3);
      let at = x;
      for (const [index, word] of words.entries()) {
        const place = { x: at, y: height - y - size * (0.8 + row * 1.15), size, font };
        drawing.push(() => page.drawText(word, place));
        at += (widths[index] ?? 0) + gap;
      }
      lines.push(words);
    }
  }
  for (const draw of shuffled(drawing, random)) draw();
  return { name, bytes: await document.save(), lines };
}

/** Words that fill a line; their endings make each unique. */
function fill(font: PDFFont, size: number, width: number, random: () => number, line: number): string[] {
  const words: string[] = [];
  for (let used = 0; ;) {
    const syllables = Array.from(
      { length: 1 + Math.floor(random() * 3) },
      () => SYLLABLES[Math.floor(random() * SYLLABLES.length)],
    );
    const word = `${syllables.join('')}${(line * 100 + words.length).toString(36)}`;
    used += font.widthOfTextAtSize(`${word} `, size);
    if (used > width && words.length > 0) return words;
    words.push(word);
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** The same numbers each time (Park and Miller). */
function randomNumbers(seed: number): () => number {
  let state = seed * 7919;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
