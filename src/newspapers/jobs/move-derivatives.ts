import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done, FatalError } from '../../engine/job.js';
import { isThere } from '../../files/existing.js';
import { defineFileJob } from '../../files/file-job.js';
import { syncDirectory } from '../../files/land.js';
import { makeDirectory } from '../../files/make-directory.js';
import { readDirectory } from '../../files/read-directory.js';

/**
 * Moves the derivatives of an issue (.xml and .jp2) out of its directory (newspapers spec 3.2.20). Run again, it moves
 * what is left (W9).
 */
export const moveDerivatives = defineFileJob({
  type: 'move_derivatives',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ from: z.string(), to: z.string() }),
  locks: ({ from }) => [filesLock(from)],
  async run({ args: { from, to } }) {
    await makeDirectory(from);
    await makeDirectory(to);
    const names = (await readDirectory(from))
      .filter(({ name, kind }) => kind === 'file' && /\.(xml|jp2)$/.test(name))
      .map(({ name }) => name);
    for (const name of names) {
      if (await isThere(join(to, name)))
        throw new FatalError(
          `${name} is in ${from} and in ${to}; look which one is right, remove the other and requeue`,
        );
      await rename(join(from, name), join(to, name));
    }
    await syncDirectory(to);
    await syncDirectory(from);
    return done({ result: { moved: names.length } });
  },
});
