/** Tells a publisher what is wrong with a PDF that cannot be split. */
import { open } from 'node:fs/promises';
import { ProgramFailed } from '../../files/programs.js';
import { SourceRefused } from './source-refused.js';

const AGAIN = 'upload a complete copy';
/** Viewers accept a header this far in, and a trailer this far before the end. */
const SLACK_BYTES = 1024;

/** @throws {SourceRefused} when the file is empty or does not begin as a PDF does */
export async function assertPdf(file: string): Promise<void> {
  const { head, size } = await ends(file);
  if (size === 0) throw new SourceRefused(file, 'it is empty (0 bytes)', AGAIN);
  if (!head.includes('%PDF-')) throw new SourceRefused(file, 'it is not a PDF', 'upload the PDF of the issue');
}

/**
 * For a PDF that qpdf had to repair. A repair of a cut file succeeds when its table of pages lies in front (linearized
 * files): pages come out, but blank. So a file that is damaged and lacks its end is refused.
 *
 * @param warnings what qpdf said
 * @throws {SourceRefused} when the file was cut
 */
export async function assertWhole(file: string, warnings: string): Promise<void> {
  if (!/file is damaged|object has offset 0|unexpected EOF|reconstruct/i.test(warnings)) return;
  const { tail } = await ends(file);
  if (!tail.includes('%%EOF')) throw truncated(file);
}

/** What qpdf's exit code 2 means to the publisher; other errors stay what they are. */
export async function refusal(file: string, error: unknown): Promise<unknown> {
  if (!(error instanceof ProgramFailed) || error.exitCode !== 2) return error;
  if (/invalid password/i.test(error.stderr))
    return new SourceRefused(file, 'it needs a password', 'upload it without one');
  const { tail } = await ends(file);
  if (!tail.includes('%%EOF')) return truncated(file);
  const reason = error.stderr
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^qpdf: /, '')
    .replace(`${file}: `, '');
  return new SourceRefused(file, `it is damaged beyond repair (${reason ?? ''})`, 'make the PDF again and upload it');
}

function truncated(file: string): SourceRefused {
  return new SourceRefused(file, 'its end is missing: it was cut off, perhaps while it was uploaded', AGAIN);
}

async function ends(path: string): Promise<{ head: string; tail: string; size: number }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (position: number) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SLACK_BYTES), 0, SLACK_BYTES, position);
      return buffer.toString('latin1', 0, bytesRead);
    };
    return { head: await read(0), tail: await read(Math.max(0, size - SLACK_BYTES)), size };
  } finally {
    await file.close();
  }
}
