/** A file that somebody delivered cannot be used as it is. */
import { basename } from 'node:path';
import { FatalError } from '../../engine/job.js';

/** Retrying cannot mend it: the message names the file, says what is wrong with it, and what its publisher can do. */
export class SourceRefused extends FatalError {
  override name = 'SourceRefused';
  constructor(
    /** Full path of the file. */
    readonly file: string,
    /** What is wrong, e.g. "it is empty (0 bytes)". */
    readonly reason: string,
    /** What to do about it, e.g. "upload it again". */
    readonly remedy: string,
  ) {
    super(`${basename(file)}: ${reason}; ${remedy}`);
  }
}
