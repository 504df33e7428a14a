/** Tells a publisher what is wrong with a PDF that cannot be split. */
import { open } from 'node:fs/promises';
import { ProgramFailed, runProgram, type ProgramResult, type RunOptions } from '../../files/programs.js';
import { quoted } from '../../files/quoted.js';
import { FileTrouble } from '../../files/trouble.js';
import { asRefusal } from './pdf-page.js';
import { SourceRefused } from './source-refused.js';

const AGAIN = 'upload a complete copy';
const ANEW = 'make the PDF again and upload it';
/** Viewers accept a header this far in, and a trailer this far before the end. */
const SLACK_BYTES = 1024;

/** @throws {SourceRefused} when the file is empty or does not begin as a PDF does */
export async function assertPdf(file: string): Promise<void> {
  const { head, size } = await ends(file);
  if (size === 0) throw new SourceRefused(file, 'it is empty (0 bytes)', AGAIN);
  if (!head.includes('%PDF-')) throw new SourceRefused(file, 'it is not a PDF', 'upload the PDF of the issue');
}

/** Of qpdf's warnings, those that tell of bytes that are missing or wrong; others tell of bad manners. */
const DAMAGE = /file is damaged|object has offset 0|unexpected EOF|reconstruct/i;
/** A stream that does not unpack: content, or a font, is cut short there. */
const LOSS = /error decoding stream data|filtering to avoid data loss/i;

export const tellOfDamage = (warnings: string): boolean => DAMAGE.test(warnings);

/**
 * For a PDF that qpdf had to repair. A repair of a cut file succeeds when its table of pages lies in front (linearized
 * files): pages come out, but blank. So a file that is damaged and lacks its end is refused, and one whose content
 * does not unpack.
 *
 * @param warnings what qpdf said
 * @throws {SourceRefused} when the file was cut, or has lost something
 */
export async function assertWhole(file: string, warnings: string): Promise<void> {
  if (tellOfDamage(warnings)) {
    const { tail } = await ends(file);
    if (!tail.includes('%%EOF')) throw truncated(file);
  }
  if (LOSS.test(warnings))
    throw new SourceRefused(file, 'it is damaged: a part of what its pages show cannot be unpacked', ANEW);
}

/** What the system says of disks and directories: nothing is wrong with the PDF, and retrying may help. */
const SYSTEM_TROUBLE =
  /no such file|permission denied|read-only file|no space|quota exceeded|input\/output error|stale file|too many open/i;

/**
 * Runs qpdf on a PDF, or on a copy of it. Warnings (exit code 3) are no failure.
 *
 * @param source the file as it was delivered
 * @throws {SourceRefused} naming the source, when qpdf cannot read it
 */
export async function runQpdf(source: string, args: readonly string[], options: RunOptions): Promise<ProgramResult> {
  return runProgram('qpdf', args, { okExitCodes: [0, 3], ...options }).catch(async (error: unknown) => {
    throw await refusal(source, error);
  });
}

/** What qpdf's exit code 2 or its crash means to the publisher; other errors stay what they are. */
async function refusal(file: string, error: unknown): Promise<unknown> {
  if (!(error instanceof ProgramFailed)) return error;
  if (error.exitCode === null || error.outOfMemory) return asRefusal(file, error);
  if (error.exitCode !== 2 || SYSTEM_TROUBLE.test(error.stderr)) return error;
  if (/invalid password/i.test(error.stderr))
    return new SourceRefused(file, 'it needs a password', 'upload it without one');
  const { tail } = await ends(file);
  if (!tail.includes('%%EOF')) return truncated(file);
  const reason = error.stderr
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^qpdf: /, '')
    .replace(/^.*?\.pdf:? /i, ''); // its path, or that of a copy
  return new SourceRefused(file, `it is damaged beyond repair (${reason ?? ''})`, ANEW);
}

/**
 * Makes sure that qpdf has written a file to its end: whatever the system refuses to write, for want of room or as the disk is
 * failing, it leaves out, and exits with 0 (11.3).
 *
 * @throws {FileTrouble} when it has not; retrying helps once there is room
 */
export async function assertWritten(file: string): Promise<void> {
  const { tail } = await ends(file);
  if (!/startxref\n\d+\n%%EOF\n?$/.test(tail))
    throw new FileTrouble(
      `qpdf could not write ${quoted(file)} to its end: is the disk full, or failing? See to it; the job will try again`,
    );
}

function truncated(file: string): SourceRefused {
  return new SourceRefused(file, 'its end is missing: it was cut off, perhaps while it was uploaded', AGAIN);
}

/** @returns the first and last bytes of a file as Latin-1, and its size */
export async function ends(path: string): Promise<{ head: string; tail: string; size: number }> {
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
