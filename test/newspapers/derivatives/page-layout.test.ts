import { expect, test } from 'vitest';
import { layOut } from '../../../src/newspapers/derivatives/page-layout.js';
import type { Block, Box, Word } from '../../../src/newspapers/derivatives/page-text.js';
import type { Direction, Shown } from '../../../src/newspapers/derivatives/typography/word-styles.js';

const word = (text: string, left: number, top: number, width = 30, height = 10): Word => ({
  ...{ text, xMin: left, yMin: top, xMax: left + width, yMax: top + height },
});
const style = { size: 10, family: 'Miller', bold: false, italic: false, serif: true, fixed: false };
/** Tells directions by the first letter of the word in the box. */
const shownIn =
  (words: readonly Word[]) =>
  (box: Box): Shown | undefined => {
    const found = words.find(({ xMin, yMin }) => xMin === box.xMin && yMin === box.yMin);
    const directions: Record<string, Direction> = { u: 'up', d: 'down', l: 'left', a: 'askew' };
    return found && { style, direction: directions[found.text.charAt(0)] ?? 'right' };
  };
const texts = (blocks: readonly Block[]) =>
  blocks.map((block) => block.map((line) => line.map(({ text }) => text).join(' ')));

test('words printed twice, to look bold or to throw a shadow, are there once', () => {
  const words = [word('Extra', 10, 10), word('Extra', 10.4, 10), word('Shadow', 10, 30), word('Shadow', 11.5, 31.5)];
  const { blocks, repeated } = layOut([[words.slice(0, 2)], [words.slice(2)]]);
  expect(texts(blocks)).toEqual([['Extra'], ['Shadow']]);
  expect(repeated).toBe(2);
});

test('a word that comes again beside itself is not printed twice', () => {
  const { blocks, repeated } = layOut([[[word('that', 10, 10), word('that', 45, 10)]]]);
  expect(texts(blocks)).toEqual([['that that']]);
  expect(repeated).toBe(0);
});

test('words at an angle are left out and counted', () => {
  const words = [word('right', 10, 10), word('askew', 100, 100), word('a', 120, 90)];
  const { blocks, askew } = layOut([[words]], shownIn(words));
  expect(texts(blocks)).toEqual([['right']]);
  expect(askew).toBe(2);
});

test('text on its side or head is read in its own order, after what stands upright', () => {
  const upright = [
    word('one', 10, 10),
    word('two', 45, 10),
    word('three', 10, 22),
    word('four', 45, 22),
    word('five', 80, 22),
  ];
  const up = [word('up1', 200, 100, 10, 30), word('up2', 200, 65, 10, 30), word('up3', 212, 100, 10, 30)];
  const down = [word('down1', 300, 100, 10, 30), word('down2', 300, 135, 10, 30)];
  const left = [word('left1', 180, 300), word('left2', 145, 300), word('left3', 180, 288)];
  const words = [...left, ...down, ...up, ...upright].reverse();
  const { blocks } = layOut([[words]], shownIn(words));
  const lines = texts(blocks).flat();
  expect(lines.slice(0, 2)).toEqual(['one two', 'three four five']);
  expect(lines.slice(2).sort()).toEqual(['down1 down2', 'left1 left2', 'left3', 'up1 up2', 'up3']);
  expect(lines.indexOf('up1 up2')).toBeLessThan(lines.indexOf('up3'));
  expect(lines.indexOf('left1 left2')).toBeLessThan(lines.indexOf('left3'));
});

test('Hebrew is read from the right column to the left, each line from right to left', () => {
  const column = (left: number, names: string) =>
    Array.from({ length: 12 }, (_, row) => {
      const at = left + (row % 2 === 0 ? 25 : 45); // no white runs down between the words
      return [
        word(`${names}א${row}`, at, 10 + row * 12, left + 70 - at),
        word(`${names}ב${row}`, left, 10 + row * 12, at - left - 5),
      ];
    }).flat();
  const words = [...column(10, 'ש'), ...column(120, 'ר')]; // left, right
  const lines = texts(layOut([[words]]).blocks).flat();
  expect(lines[0]).toBe('רא0 רב0');
  expect(lines.indexOf('שא0 שב0')).toBe(12);
});

test('every word keeps its box and gets its style', () => {
  const words = [word('one', 10, 10)];
  expect(layOut([[words]], shownIn(words)).blocks).toEqual([[[{ ...words[0], style }]]]);
  expect(layOut([[words]]).blocks).toEqual([[[words[0]]]]); // nothing is known
});

test('an empty page is an empty page', () => {
  expect(layOut([])).toEqual({ blocks: [], repeated: 0, askew: 0 });
});
