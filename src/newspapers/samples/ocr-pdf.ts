/** The PDF of a scanned page: its picture, and over it the words that OCR would have read, invisible (text render mode 3). */
import { PDFDocument, PDFName, StandardFonts } from 'pdf-lib';
import { deflateSync } from 'node:zlib';
import { pdfString } from './fonts/winansi.js';
import { embedPicture } from './issue-pdf.js';
import type { PageCanvas } from './layout/canvas.js';
import type { Picture } from './pictures/picture.js';
import type { Lay } from './scanner.js';

/**
 * @param size of the page in points: the picture covers it
 * @param lay where the words' own page lies on it
 */
export async function ocrPdf(
  picture: Picture,
  size: { width: number; height: number },
  canvas: PageCanvas,
  lay: Lay,
): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const font = await document.embedFont(StandardFonts.Helvetica);
  const content = [
    `q ${size.width} 0 0 ${size.height} 0 0 cm /P0 Do Q`,
    `q ${lay.matrix.map((value) => value.toFixed(6)).join(' ')} cm BT 3 Tr`,
  ];
  for (const word of canvas.words) {
    // each word is stretched to the width that it has in the picture; the space after it keeps narrow ones apart
    const natural = font.widthOfTextAtSize(word.text, word.size);
    const stretch = (100 * word.width) / natural;
    content.push(
      `/F0 ${word.size.toFixed(2)} Tf ${stretch.toFixed(2)} Tz 1 0 0 1 ${word.x.toFixed(2)} ${(canvas.height - word.baseline).toFixed(2)} Tm ${pdfString(`${word.text} `)} Tj`,
    );
  }
  content.push('ET Q');

  const { context } = document;
  const page = document.addPage([size.width, size.height]);
  page.node.set(
    PDFName.of('Contents'),
    context.register(context.stream(deflateSync(content.join('\n')), { Filter: 'FlateDecode' })),
  );
  page.node.set(
    PDFName.of('Resources'),
    context.obj({ Font: { F0: font.ref }, XObject: { P0: embedPicture(document, picture) } }),
  );
  return document.save();
}
