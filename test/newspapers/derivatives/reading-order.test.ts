/** Measures how often one line follows the other as it should: generated pages with a known order, and real ones. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { runProgram } from '../../../src/files/programs.js';
import { readPageText, type Block, type Word } from '../../../src/newspapers/derivatives/page-text.js';
import { inReadingOrder } from '../../../src/newspapers/derivatives/reading-order.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { newspaperPages } from './newspaper-pages.js';
import { readAltoFile } from './read-alto.js';

let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});

async function poppler(pdf: string): Promise<Block[]> {
  const text = join(directory, 'text.html');
  await runProgram('pdftotext', ['-bbox-layout', '-cropbox', '-enc', 'UTF-8', pdf, text], { timeoutSeconds: 60 });
  return readPageText(await readFile(text));
}

/** The share of known lines that are followed by the line that ought to come next. */
function following(
  known: readonly string[][],
  blocks: readonly (readonly (readonly Word[])[])[],
  keyOf: (word: Word) => string,
) {
  const lineOf = new Map<string, number>();
  for (const [index, line] of blocks.flat().entries()) for (const word of line) lineOf.set(keyOf(word), index);
  const place = (line: readonly string[]) => {
    const votes = new Map<number, number>();
    for (const word of line) {
      const at = lineOf.get(word);
      if (at !== undefined) votes.set(at, (votes.get(at) ?? 0) + 1);
    }
    return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? NaN;
  };
  const pairs = known.slice(1).map((line, index) => place(line) - place(known[index] ?? []));
  return pairs.filter((step) => step === 1).length / pairs.length;
}

describe.each([14, 8, 5])('with gutters of %i points', (gutter) => {
  test('columns and stories are read one after the other', async () => {
    for (const page of await newspaperPages(gutter)) {
      const pdf = join(directory, 'page.pdf');
      await writeFile(pdf, page.bytes);
      const blocks = await poppler(pdf);
      const share = following(page.lines, inReadingOrder(blocks.flat(2)), ({ text }) => text);
      expect(share, page.name).toBeGreaterThan(0.97);
    }
  });
});

test('a page that lies askew, as scans do, is read like one that does not', () => {
  const lean = 0.012;
  const columns = [0, 1, 2].map((column) =>
    Array.from({ length: 80 }, (_, row) =>
      Array.from({ length: 4 }, (_, place): Word => {
        const [x, y] = [column * 104 + place * 26 - ((row * 7) % 5), row * 11 + 0.2 * column];
        const left = Math.max(column * 104, x) + lean * y;
        const right = (place === 3 ? column * 104 + 100 : x + 23) + lean * y;
        const down = y + lean * x;
        return { text: `${column} ${row} ${place}`, xMin: left, xMax: right, yMin: down, yMax: down + 9 };
      }),
    ),
  );
  const known = columns.flat().map((line) => line.map(({ text }) => text));
  const read = inReadingOrder(columns.flat(2).reverse());
  expect(following(known, read, ({ text }) => text)).toBeGreaterThan(0.99);
});

test('nothing is lost, and nothing comes twice', () => {
  const words = Array.from({ length: 500 }, (_, index): Word => {
    const [x, y] = [(index * 7919) % 600, (index * 104_729) % 800];
    return { text: String(index), xMin: x, xMax: x + 20, yMin: y, yMax: y + (index % 9) };
  });
  const read = inReadingOrder(words)
    .flat(2)
    .map(({ text }) => Number(text));
  expect(read.sort((a, b) => a - b)).toEqual(words.map((_, index) => index));
  expect(inReadingOrder([])).toEqual([]);
});

const TRIBUNE = join(import.meta.dirname, '../../../../shared/data/newspapers/alto');
test.skipIf(!existsSync(TRIBUNE))(
  'a New-York Tribune of 1903 is read as its own ALTO has it, far better than before',
  async () => {
    const known = (await readAltoFile(join(TRIBUNE, 'ocr.xml'))).lines.map((line) =>
      line.map(({ content, left, top, height }) => ({ text: content, x: left * 0.06, y: (top + height) * 0.06 })),
    );
    const blocks = await poppler(join(TRIBUNE, 'tribune-1903.pdf'));
    const keys = new Map<Word, string>();
    const left = new Set(blocks.flat(2));
    for (const [line, words] of known.entries())
      for (const [place, { text, x, y }] of words.entries()) {
        const word = [...left].find(
          (each) => each.text === text && Math.abs(each.xMin - x) < 5 && Math.abs(each.yMax - y) < 12,
        );
        if (!word) continue;
        keys.set(word, `${line} ${place}`);
        left.delete(word);
      }
    const lines = known.map((words, line) => words.map((_, place) => `${line} ${place}`));
    const key = (word: Word) => keys.get(word) ?? '';
    expect(following(lines, blocks, key)).toBeLessThan(0.6);
    expect(following(lines, inReadingOrder(blocks.flat(2)), key)).toBeGreaterThan(0.75);
  },
);
