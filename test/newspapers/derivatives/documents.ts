/** Small documents for tests: PDFs by pdf-lib, scans by sharp. What is drawn where is known to the pixel. */
import { writeFile } from 'node:fs/promises';
import { degrees, PDFDocument, rgb, StandardFonts } from 'pdf-lib';
import sharp from 'sharp';

type Four = readonly [number, number, number, number];

export interface PagePlan {
  /** Points. */
  width?: number;
  height?: number;
  rotation?: 0 | 90 | 180 | 270;
  /** x, y, width, height in points from the lower left corner. */
  cropBox?: Four;
  /** One block of lines from the upper left, each 20 points high in 16-point Helvetica. */
  lines?: string[];
  /** A filled rectangle: x, y, width, height in points from the lower left corner, red, green, blue from 0 to 1. */
  rectangles?: { place: Four; colour: readonly [number, number, number] }[];
}

export async function pdfBytes(...pages: PagePlan[]): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const font = await document.embedFont(StandardFonts.Helvetica);
  for (const { width = 300, height = 400, rotation = 0, cropBox, lines = [], rectangles = [] } of pages) {
    const page = document.addPage([width, height]);
    for (const { place, colour } of rectangles) {
      const [x, y, wide, high] = place;
      page.drawRectangle({ x, y, width: wide, height: high, color: rgb(...colour) });
    }
    for (const [index, line] of lines.entries())
      page.drawText(line, { x: 40, y: height - 60 - index * 20, size: 16, font });
    page.setRotation(degrees(rotation));
    if (cropBox) page.setCropBox(...cropBox);
  }
  return document.save({ useObjectStreams: false }); // the older form, which can be repaired
}

export async function writePdf(path: string, ...pages: PagePlan[]): Promise<string> {
  await writeFile(path, await pdfBytes(...pages));
  return path;
}

/** A picture of vertical stripes, so that a scan has something to encode. */
export function stripes(width: number, height: number, channels: 1 | 3 = 1) {
  const pixels = Buffer.alloc(width * height * channels);
  for (let at = 0; at < pixels.length; at++) {
    const column = Math.floor(at / channels) % width;
    const shade = Math.floor(column / 8) % 2 === 0 ? 255 : 0;
    pixels[at] = channels === 3 && at % 3 === 2 ? Math.floor(shade / 2) : shade; // half the blue: brownish
  }
  const picture = sharp(pixels, { raw: { width, height, channels } });
  return channels === 1 ? picture.toColourspace('b-w') : picture;
}
