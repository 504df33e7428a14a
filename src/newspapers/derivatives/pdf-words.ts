import { resolve } from 'node:path';
import { runProgram } from '../../files/programs.js';
import type { ProgramLimits } from './program-limits.js';

/** The words of a PDF in the order in which poppler reads them: what a conversion or a repair must keep. */
export async function wordsOf(pdf: string, limits: ProgramLimits): Promise<string[]> {
  const { stdout } = await runProgram('pdftotext', [resolve(pdf), '-'], limits);
  return stdout.split(/\s+/).filter((word) => word !== '');
}
