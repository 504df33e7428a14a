/** Reads something out of a PDF as it lies there, or tells that it cannot. */
import { NotPlain, TooMuch } from './objects.js';
import { PlainPdf } from './plain-pdf.js';

/** What was found, or why the reader cannot tell. */
export type Reading<T> =
  | { found: T }
  /** `hopeless`: nothing else would read it, either; if not, a copy by qpdf may be plainer. */
  | { unclear: string; hopeless: boolean };

/**
 * Opens a PDF, lets it be read, and closes it. It blocks: for threads.
 *
 * @param lenient for copies by qpdf: what is damaged there is as good as it gets
 */
export function readPlainPdf<T>(path: string, lenient: boolean, read: (pdf: PlainPdf) => T): Reading<T> {
  try {
    const pdf = new PlainPdf(path, lenient);
    try {
      return { found: read(pdf) };
    } finally {
      pdf.close();
    }
  } catch (error) {
    if (error instanceof NotPlain) return { unclear: error.message, hopeless: lenient || error instanceof TooMuch };
    if (error instanceof RangeError)
      return { unclear: 'it is nested too deeply, or a number is out of range', hopeless: lenient };
    throw error;
  }
}
