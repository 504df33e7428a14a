/** What a scan of an upload area finds, with everything that is wrong with it and what becomes of it already. */
import type { Kysely } from 'kysely';
import { atOnce } from '../../files/at-once.js';
import type { DB } from '../../database/database.js';
import type { Problem } from './problem.js';
import { lookUp, type Known } from './standing.js';
import type { Finding, Obstacle, Upload } from './upload.js';
import { validateFast, validateFiles, type Look } from './validate.js';

/** An upload that was looked at. */
export interface Judged extends Known {
  found: 'judged';
  upload: Upload;
  /** All of them; of one that is being taken in already, none is asked for. */
  problems: Problem[];
}

/** So many uploads are one question to the database, and in memory. */
const CHUNK = 128;

/** A file server answers each in a millisecond or so. */
const LOOKS_AT_ONCE = 8;

/**
 * Looks closer at what a scan finds, in its order.
 *
 * Uploads that are being taken in already are left alone: not even a clock is started in them, as somebody moves their
 * files. Those that a flagged issue keeps out are not looked into.
 *
 * @param depth `fast` for lists; `full` looks into the files, each upload's when it is asked for, so that as little
 *   time as can be passes until it is queued
 */
export async function* judge(
  db: Kysely<DB>,
  findings: AsyncIterable<Finding>,
  look: Omit<Look, 'now'> & { now: () => Date },
  depth: 'fast' | 'full',
): AsyncGenerator<Judged | Obstacle> {
  for await (const chunk of inChunks(findings)) {
    const now = { ...look, now: look.now() };
    const known = await lookUp(
      db,
      chunk.filter((finding) => finding.found === 'upload'),
    );
    const quick = async (finding: Finding): Promise<Judged | Obstacle> =>
      finding.found === 'obstacle' ? finding : judgeFast(finding, known.get(finding) ?? {}, now);
    for (const judged of await atOnce(LOOKS_AT_ONCE, chunk, quick, look.signal)) {
      if (judged.found === 'obstacle' || judged.intake || judged.flagged || depth === 'fast') yield judged;
      else yield { ...judged, problems: await validateFiles(judged.upload, judged.problems, now) };
    }
  }
}

async function judgeFast(upload: Upload, known: Known, look: Look): Promise<Judged> {
  const problems = known.intake ? [] : await validateFast(upload, upload.problems, known, look);
  return { found: 'judged', upload, problems, ...known };
}

async function* inChunks(findings: AsyncIterable<Finding>): AsyncGenerator<Finding[]> {
  let chunk: Finding[] = [];
  for await (const finding of findings) {
    chunk.push(finding);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
