/** Display advertisements: a border, the name of the firm as large as it goes, a cut, and what there is to say. */
import type { Face } from '../fonts/face.js';
import type { Advertisement } from '../text/newsroom.js';
import { balancedLines, type Line } from '../typeset/lines.js';
import type { Ink, Rectangle } from './canvas.js';
import type { Area } from './grid.js';
import { ICON_PATHS } from './icons.js';
import { accent, type Sheet } from './sheet.js';

interface Stack {
  height: number;
  draw: (y: number) => void;
}

/** Divides the area into boxes of different sizes and sets an advertisement in each. */
export function setAdvertisements(sheet: Sheet, area: Area): void {
  const { random, grid } = sheet;
  const mostLines = area.columns >= 4 ? 34 : 30;
  if (area.columns > 1 && (area.columns > 3 || area.lines < 26 || random.chance(0.5)) && area.lines < 44) {
    const left = area.columns === 2 ? 1 : random.int(1, area.columns - 1);
    setAdvertisements(sheet, { ...area, columns: left });
    setAdvertisements(sheet, { ...area, column: area.column + left, columns: area.columns - left });
  } else if (area.lines > mostLines || (area.lines > 22 && area.columns === 1)) {
    const upper = Math.round(area.lines * random.between(0.4, 0.6));
    setAdvertisements(sheet, { ...area, lines: upper });
    setAdvertisements(sheet, { ...area, line: area.line + upper, lines: area.lines - upper });
  } else {
    const box = grid.rectangle(area);
    setAdvertisement(sheet, { ...box, y: box.y + 2.5, height: box.height - 5 });
  }
}

export function setAdvertisement(sheet: Sheet, box: Rectangle): void {
  const { canvas, random } = sheet;
  const ad = sheet.newsroom.advertisement();
  const reversed = sheet.colour && random.chance(0.3);
  const ink: Ink = reversed ? 1 : 0;
  const inner = drawBorder(sheet, box, reversed);

  const icon = iconPlace(inner, random.chance(0.75));
  const text = icon.beside ? { ...inner, x: inner.x + icon.side + 8, width: inner.width - icon.side - 8 } : inner;
  const stacks = fittingStacks(sheet, ad, text, icon.above ? icon.side + 4 : 0, ink);
  const used = stacks.reduce((sum, stack) => sum + stack.height, 0) + (icon.above ? icon.side + 4 : 0);
  const space = Math.min(9, (inner.height - used) / (stacks.length + 1));
  let y = inner.y + (inner.height - used - space * (stacks.length - 1)) / 2;

  const iconInk: Ink = reversed ? 1 : accent(sheet);
  if (icon.beside)
    canvas.drawing(ICON_PATHS[ad.icon], inner.x + 2, inner.y + (inner.height - icon.side) / 2, icon.side, iconInk);
  if (icon.above) {
    canvas.drawing(ICON_PATHS[ad.icon], inner.x + (inner.width - icon.side) / 2, y, icon.side, iconInk);
    y += icon.side + 4;
  }
  for (const stack of stacks) {
    stack.draw(y);
    y += stack.height + space;
  }
}

/** Draws the border and returns what is left inside of it. */
function drawBorder(sheet: Sheet, box: Rectangle, reversed: boolean): Rectangle {
  const { canvas, random, style } = sheet;
  const inset = (by: number): Rectangle => ({
    x: box.x + by,
    y: box.y + by,
    width: box.width - 2 * by,
    height: box.height - 2 * by,
  });
  if (reversed) {
    canvas.panel(
      box,
      random.pick([
        [0.07, 0.27, 0.42],
        [0.5, 0.12, 0.14],
        [0.12, 0.34, 0.24],
      ] as const),
    );
    canvas.frame(inset(3.5), 0.5, 1);
    return inset(10);
  }
  if (style.era === 'now' && random.chance(0.35)) canvas.panel(box, sheet.colour ? [0.96, 0.94, 0.87] : 0.93);
  const border = random.int(0, 4);
  if (border === 0) canvas.frame(inset(0.5), 1);
  else if (border === 1) canvas.frame(inset(1.5), 3);
  else if (border === 2) {
    canvas.frame(inset(0.8), 1.6);
    canvas.frame(inset(3.6), 0.4);
  } else if (border === 3) canvas.frame(inset(1.5), 2.2, 0, [2.2, 2.2]);
  else {
    canvas.frame(inset(0.4), 0.6);
    for (const [x, y] of [
      [2, 2],
      [box.width - 9, 2],
      [2, box.height - 9],
      [box.width - 9, box.height - 9],
    ] as const) {
      canvas.drawing(ICON_PATHS.star, box.x + x, box.y + y, 7);
    }
  }
  return inset(9);
}

function iconPlace(inner: Rectangle, wanted: boolean): { beside: boolean; above: boolean; side: number } {
  const wide = inner.width > inner.height * 1.7 && inner.width > 190;
  const side = wide
    ? Math.min(inner.height * 0.8, inner.width * 0.22)
    : Math.min(inner.height * 0.24, inner.width * 0.3);
  return { beside: wanted && wide, above: wanted && !wide && side > 16 && inner.height > 90, side };
}

/** Name, slogan, as many lines as there is room for, and the address. */
function fittingStacks(sheet: Sheet, ad: Advertisement, box: Rectangle, taken: number, ink: Ink): Stack[] {
  const { canvas, style, random } = sheet;
  const set = (text: string, face: Face, size: number, lead = 1.16): Stack => {
    const lines: Line[] = balancedLines(text, { face, size, measure: box.width, indent: 0, align: 'center' });
    const step = size * lead;
    return {
      height: lines.length * step,
      draw: (y) => lines.forEach((line, i) => canvas.line(line, box.x, y + (i + 0.8) * step, ink)),
    };
  };
  const room = box.height - taken;
  const nameFace = random.pick([style.strongHead, style.head]);
  const name = style.era === 'then' && random.chance(0.6) ? ad.name.toUpperCase() : ad.name;
  const nameSize = Math.min(room * 0.2, 40, (box.width * (room > 70 ? 1.7 : 0.98)) / nameFace.width(name, 1));
  const words = name.split(' ').map((word) => nameFace.width(word, 1));
  const size = Math.max(7, Math.min(nameSize, box.width / Math.max(...words)));

  const text = Math.max(6.4, Math.min(12, room * 0.055, box.width * 0.07));
  const stacks = [set(name, nameFace, size, 1.04), set(ad.slogan, style.italic, text * 1.08)];
  const address = set(ad.address, style.strongHead, text);
  let left = room - address.height - stacks.reduce((sum, stack) => sum + stack.height + 2, 0);
  for (const line of ad.lines) {
    const stack = set(line, style.era === 'now' ? style.label : style.body.face, text);
    left -= stack.height + 2;
    if (left < 2) break;
    stacks.push(stack);
  }
  if (left + text > address.height * -1) stacks.push(address);
  return stacks;
}
