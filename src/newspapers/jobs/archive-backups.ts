import { join } from 'node:path';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done, FatalError, type JobContext, type Outcome } from '../../engine/job.js';
import { existing, NotThere, vanished } from '../../files/existing.js';
import { defineFileJob } from '../../files/file-job.js';
import { isClutter } from '../../files/clutter.js';
import { assertAsRecorded } from '../../files/fixity/compare.js';
import { readFileSet, recordFiles } from '../../files/fixity/file-records.js';
import { sumDirectory } from '../../files/fixity/sum-directory.js';
import { listNumerically } from '../../files/list-numerically.js';
import { makeDirectory } from '../../files/make-directory.js';
import { readDirectory } from '../../files/read-directory.js';
import { makeTar } from '../../files/tar.js';
import { issueObject } from '../issues.js';

const ARCHIVE = 'original.tar';
// Not "skip": the jobs that follow delete the backup and forget where it was.
const PUT_BACK = 'put it back and requeue, or take the issue out (bin/remove-dead-issues)';
const args = z.object({ issueId: z.number().int(), backup: z.string(), location: z.string() });

/**
 * Archives the original upload with the issue: `original.tar` (newspapers spec 3.2.19), its members checked against
 * their sums while they are read. From then on the tar is what is recorded as the issue's original (W17). Done before: the
 * tar is recorded, or the upload is gone and the tar is there. A recorded tar is never written over: what still lies in the
 * backup may be the rest of an upload that was half deleted.
 */
export const archiveBackups = defineFileJob({
  type: 'archive_backups',
  queue: 'io',
  timeout: '2 h',
  args,
  locks: ({ backup, location }) => [filesLock(backup), filesLock(location)],
  async run(context) {
    const { args: { issueId, backup, location }, db, signal } = context; // prettier-ignore
    const target = join(location, ARCHIVE);
    const archived = await readFileSet(db, issueObject(issueId), location, 'original');
    if (archived?.files.some(({ path }) => path === ARCHIVE)) return recorded(context, { because: 'archived before' });
    if (!(await existing(backup, 'directory'))) {
      if (await existing(target, 'file')) return recorded(context, { because: 'archived before' });
      throw await vanished(backup, `the original upload was to be archived; ${PUT_BACK}`);
    }
    const directory = (await readDirectory(backup)).find(({ kind }) => kind === 'directory');
    if (directory)
      throw new FatalError(
        `${backup} holds the directory ${directory.name}, which would be in no tar: look whose it is, move it out of the backup area and requeue`,
      );
    const names = (await listNumerically(backup)).filter((name) => !isClutter(name));
    if (names.length === 0) throw new NotThere(`${backup} is empty, the original upload is gone; ${PUT_BACK}`);
    const set = await readFileSet(db, issueObject(issueId), backup, 'original');
    const members = names.map((name) => ({ path: join(backup, name), name: `original/${name}` }));
    await makeDirectory(location);
    await makeTar(target, members, {
      signal,
      accept: (files) => {
        const found = files.map((file, i) => ({ path: names[i] ?? '', ...file }));
        if (set) assertAsRecorded(backup, set.files, found);
      },
    });
    return recorded(context, { files: names.length });
  },
});

/** The same files give the same tar, so one that was recorded before must have the same sum again. */
async function recorded(
  { args: { issueId, location }, db, pipelineId, signal }: JobContext<z.output<typeof args>>,
  result: { files?: number; because?: string },
): Promise<Outcome> {
  const object = issueObject(issueId);
  const files = await sumDirectory(location, (path) => path === ARCHIVE, signal);
  const set = await readFileSet(db, object, location, 'original');
  if (set) assertAsRecorded(location, set.files, files);
  const kept = set?.files ?? files;
  return done({
    result,
    commit: (trx) => recordFiles(trx, { object, role: 'original', directory: location, pipelineId, files: kept }),
  });
}
