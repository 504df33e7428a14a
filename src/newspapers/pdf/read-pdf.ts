/** Reads a PDF in a thread, as that blocks. */
import { basename } from 'node:path';
import { inThread, TookTooLong } from '../../files/threads.js';
import type { ProgramLimits } from '../derivatives/program-limits.js';
import type { Reading } from './reading.js';

/** A function that reads a PDF, as `inThread` calls it. */
export interface PdfReader {
  module: URL;
  exportName: string;
}

/**
 * Calls a function that reads a PDF in a thread.
 *
 * @param source the file as it was delivered, for messages; `path` may be a copy of it
 * @throws {Error} when it takes longer than `timeoutSeconds`; waiting for a free thread does not count
 */
export async function readPdf<T>(
  { module, exportName }: PdfReader,
  source: string,
  input: { path: string; lenient: boolean },
  { signal, timeoutSeconds }: ProgramLimits,
): Promise<Reading<T>> {
  return inThread<Reading<T>>(module, exportName, input, signal, timeoutSeconds).catch((error: unknown) => {
    if (!(error instanceof TookTooLong)) throw error;
    const what = `${basename(source)} could not be read within ${timeoutSeconds} s`;
    throw new Error(`${what}; look at the load of the host, or make the PDF again`, { cause: error });
  });
}
