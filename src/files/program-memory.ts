/** How much memory an outside program may take: a page that was made to harm must not take the host's. */
import { totalmem } from 'node:os';

/** Programs that read what publishers deliver. The largest legal page takes them about 2 GB. */
const READERS: readonly string[] = ['pdftoppm', 'pdftotext', 'pdfinfo', 'pdffonts', 'pdfimages', 'qpdf', 'gs'];
const MOST_MEGABYTES = 8192;
/** Of what the host (or its container) has. */
const SHARE = 0.75;

/** What these programs print when memory is refused to them; poppler then leaves out a picture and exits with 0. */
export const OUT_OF_MEMORY =
  /out of memory|bogus memory allocation|exceeds system limits|bad_alloc|cannot allocate memory/i;

/**
 * @returns megabytes of address space; undefined for programs that may take what they need
 */
export function memoryLimit(program: string): number | undefined {
  if (!READERS.includes(program)) return undefined;
  const megabyte = 1024 * 1024;
  const contained = process.constrainedMemory();
  const available = contained > 0 ? Math.min(contained, totalmem()) : totalmem();
  return Math.min(MOST_MEGABYTES, Math.floor((available * SHARE) / megabyte));
}
