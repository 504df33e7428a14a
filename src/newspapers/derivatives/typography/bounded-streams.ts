/** Keeps pdf-lib from unpacking a stream that was made to fill the memory. */
import { decodePDFRawStream, PDFContext, PDFRawStream } from 'pdf-lib';

/** A page of a newspaper has some 100 kB of content, its largest font some 10 MB. */
export const MOST_UNPACKED_BYTES = 64 * 1024 * 1024;

/** What every unpacking stream of pdf-lib is, beside what it tells. */
interface Unpacking {
  ensureBuffer: (requested: number) => Uint8Array;
}

/**
 * From now on a stream that unpacks to more than {@link MOST_UNPACKED_BYTES} throws, also those that pdf-lib unpacks by
 * itself when it opens a document. It has no setting for that, but all of its streams grow by one method, here replaced.
 */
export function boundStreams(): void {
  const empty = PDFContext.create().obj({ Filter: 'FlateDecode' });
  const stream = decodePDFRawStream(PDFRawStream.of(empty, Uint8Array.of(0x78, 0x9c)));
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf(stream)) as Unpacking; // DecodeStream, which is not exported
  if (!Object.hasOwn(prototype, 'ensureBuffer'))
    throw new Error('pdf-lib grows its streams otherwise: see boundStreams');
  const grow = prototype.ensureBuffer;
  prototype.ensureBuffer = function (this: Unpacking, requested) {
    if (requested > MOST_UNPACKED_BYTES)
      throw new Error(`a stream unpacks to more than ${MOST_UNPACKED_BYTES / 2 ** 20} MB`);
    return grow.call(this, requested);
  };
}
