/** Writes composed pages as PDF. The same pages give the same bytes: no dates, no ids. */
import { PDFDocument, PDFName, type PDFRef } from 'pdf-lib';
import { deflateSync } from 'node:zlib';
import { FACE_NAMES, type FaceName, type Faces } from './fonts/faces.js';
import { faceKey, type PageCanvas } from './layout/canvas.js';
import type { Picture } from './pictures/picture.js';

export interface PrintedPage {
  canvas: PageCanvas;
  /** In the order of `canvas.pictures`. */
  pictures: readonly Picture[];
  /** A page that lies crooked on a larger bed, as on a scanner. */
  bed?: {
    width: number;
    height: number;
    /** Operators before the page's own, e.g. the bed's shade and a `cm`. */ before: string;
  };
}

export async function issuePdf(pages: readonly PrintedPage[], faces: Faces): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const used = new Set(pages.flatMap(({ canvas }) => [...canvas.faces]));
  const fonts = new Map<FaceName, PDFRef>();
  for (const name of FACE_NAMES) if (used.has(name)) fonts.set(name, faces[name].embed(document));

  const { context } = document;
  for (const { canvas, pictures, bed } of pages) {
    const page = document.addPage([bed?.width ?? canvas.width, bed?.height ?? canvas.height]);
    const content = bed === undefined ? canvas.content() : `q ${bed.before}\n${canvas.content()}\nQ`;
    page.node.set(
      PDFName.of('Contents'),
      context.register(context.stream(deflateSync(content), { Filter: 'FlateDecode' })),
    );
    const images = pictures.map((picture, i) => [`P${i}`, embedPicture(document, picture)] as const);
    const faceRefs = [...fonts]
      .filter(([name]) => canvas.faces.has(name))
      .map(([name, ref]) => [faceKey(name), ref] as const);
    page.node.set(
      PDFName.of('Resources'),
      context.obj({ Font: Object.fromEntries(faceRefs), XObject: Object.fromEntries(images) }),
    );
  }
  return document.save();
}

export function embedPicture(document: PDFDocument, { width, height, colour, bits, filter, data }: Picture): PDFRef {
  const { context } = document;
  return context.register(
    context.stream(data, {
      Type: 'XObject',
      Subtype: 'Image',
      Width: width,
      Height: height,
      ColorSpace: colour ? 'DeviceRGB' : 'DeviceGray',
      BitsPerComponent: bits,
      Filter: filter,
    }),
  );
}
