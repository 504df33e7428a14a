/** PDFs as a scanner's software makes them: images of a known resolution. */
import { writeFile } from 'node:fs/promises';
import { PDFDocument } from 'pdf-lib';
import sharp from 'sharp';

export interface ScanImage {
  dpi: number;
  /** Pixels. */
  width?: number;
  height?: number;
}

/** Writes a PDF with one image on each page. */
export async function writeScanPdf(path: string, ...images: ScanImage[]): Promise<void> {
  const document = await PDFDocument.create();
  for (const { dpi, width = 60, height = 90 } of images) {
    const jpeg = await sharp({ create: { width, height, channels: 3, background: '#808080' } })
      .jpeg()
      .toBuffer();
    const page = document.addPage([(width / dpi) * 72, (height / dpi) * 72]);
    page.drawImage(await document.embedJpg(jpeg), { x: 0, y: 0, width: page.getWidth(), height: page.getHeight() });
  }
  await writeFile(path, await document.save());
}

/** A PDF with a word and no image. */
export async function writeTextPdf(path: string): Promise<void> {
  const document = await PDFDocument.create();
  document.addPage([200, 200]).drawText('words only');
  await writeFile(path, await document.save());
}
