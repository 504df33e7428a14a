import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done } from '../../engine/job.js';
import { defineFileJob } from '../../files/file-job.js';
import { syncDirectory } from '../../files/land.js';
import { readDirectory } from '../../files/read-directory.js';
import { metsName } from '../batch-files/layout.js';
import { theIssue } from './issue-job.js';

/**
 * Removes METS that an issue got under another day or edition, before it came back from a batch (newspapers spec 4,
 * FinalizeIssueFlagging); METS of its name now is written over. Done before: there is none.
 */
export const removeOldMets = defineFileJob({
  type: 'remove_old_mets',
  queue: 'fast',
  timeout: '1 min',
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { issueId, location }, db }) {
    const mets = metsName(await theIssue(db, issueId));
    const old = (await readDirectory(location))
      .filter(({ name, kind }) => kind === 'file' && /^\d{10}\.xml$/.test(name) && name !== mets)
      .map(({ name }) => name);
    for (const name of old) await rm(join(location, name), { force: true });
    if (old.length > 0) await syncDirectory(location);
    return done({ result: { removed: old } });
  },
});
