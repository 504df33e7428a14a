/** The jobs that record and check sums, and what a move says of the files it moves (W17). */
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { DB } from '../../database/database.js';
import { filesLock } from '../../coordination/lock-names.js';
import { done, type Commit } from '../../engine/job.js';
import { isClutter } from '../clutter.js';
import { defineFileJob } from '../file-job.js';
import { absolutePath } from '../paths.js';
import { assertAsRecorded } from './compare.js';
import {
  readFileSet,
  readFileSets,
  recordFiles,
  relocateFiles,
  type FileRecord,
  type KeptRecord,
} from './file-records.js';
import { sumDirectory } from './sum-directory.js';

const object = z.object({ type: z.string(), id: z.number().int() });
const role = z.string().regex(/^[a-z]+$/);

/** Whose files a move moves: it checks them against their records, and says where they are. */
export const fixityArgs = z.object({
  object,
  /** The move is the intake: the sums that it takes are recorded, in this role. */
  intake: role.optional(),
});
export type Fixity = z.output<typeof fixityArgs>;

/** What must lie in the directory that a move takes; undefined when nothing is known of it, or the move is the intake. */
export async function recordedForMove(
  db: Kysely<DB>,
  fixity: Fixity | undefined,
  from: string,
): Promise<KeptRecord[] | undefined> {
  if (!fixity || fixity.intake !== undefined) return undefined;
  const sets = await readFileSets(db, fixity.object, from);
  return sets.length === 0 ? undefined : sets.flatMap(({ files }) => files);
}

/** At the intake: records what was verified. */
export function recordIntake(
  fixity: Fixity | undefined,
  from: string,
  files: readonly FileRecord[] | undefined,
  pipelineId: number,
): { commit?: Commit } {
  if (fixity?.intake === undefined || !files) return {};
  const kept = files.filter(({ path }) => !isClutter(path)).map(({ path, size, sha256 }) => ({ path, size, sha256 }));
  const set = { object: fixity.object, role: fixity.intake, directory: from, pipelineId, files: kept };
  return { commit: (trx) => recordFiles(trx, set) };
}

/** After a step that brought the files elsewhere. */
export function relocated(fixity: Fixity | undefined, from: string, to: string): { commit?: Commit } {
  return fixity ? { commit: (trx) => relocateFiles(trx, fixity.object, from, to) } : {};
}

const args = z.object({ object, role, location: absolutePath });

/**
 * Takes the sums of new files where they landed: of everything in a directory that is in no other set of its object.
 * Running it again takes them again.
 */
export const recordFixity = defineFileJob({
  type: 'record_fixity',
  queue: 'io',
  timeout: '2 h',
  args,
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { object, role, location }, db, signal, pipelineId }) {
    const others = (await readFileSets(db, object, location)).filter((set) => set.role !== role);
    const known = new Set(others.flatMap(({ files }) => files.map(({ path }) => path)));
    const files = await sumDirectory(location, (path) => !known.has(path) && !isClutter(path), signal);
    return done({
      result: { files: files.length },
      commit: (trx) => recordFiles(trx, { object, role, directory: location, pipelineId, files }),
    });
  },
});

/** Checks a set of files where it lies, before something is made of it. */
export const checkFixity = defineFileJob({
  type: 'check_fixity',
  queue: 'io',
  timeout: '2 h',
  args,
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { object, role, location }, db, signal }) {
    const set = await readFileSet(db, object, location, role);
    if (!set) return done({ result: { because: 'no sums were recorded' } });
    const paths = new Set(set.files.map(({ path }) => path));
    assertAsRecorded(location, set.files, await sumDirectory(location, (path) => paths.has(path), signal));
    return done({ result: { files: set.files.length } });
  },
});
