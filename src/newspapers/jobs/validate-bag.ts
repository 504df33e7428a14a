import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done, FatalError } from '../../engine/job.js';
import { validateBag as validate } from '../../files/bagit/validate-bag.js';
import { defineFileJob } from '../../files/file-job.js';
import { absolutePath } from '../../files/paths.js';
import { quoted } from '../../files/quoted.js';

const TOLD_AT_MOST = 10;

/**
 * Validates the bag of a batch as it lies there (newspapers spec 3.3.29): every listed file is there and nothing else, the
 * payload has its number of files and bytes, and every tag file its sum. The payload was read as it entered, and is read
 * again by the next job that copies it. Looking again changes nothing.
 */
export const validateBag = defineFileJob({
  type: 'validate_tagmanifest',
  queue: 'io',
  timeout: '2 h',
  args: z.object({ location: absolutePath }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { location }, signal, log }) {
    const { problems, warnings } = await validate(location, { signal, readPayload: false });
    for (const warning of warnings) log.warn({ location }, warning);
    if (problems.length === 0) return done({ result: { warnings: warnings.length } });
    const more = problems.length > TOLD_AT_MOST ? `; and ${problems.length - TOLD_AT_MOST} more` : '';
    throw new FatalError(
      `${quoted(location)} is no valid bag: ${problems.slice(0, TOLD_AT_MOST).join('; ')}${more}. ` +
        'Put it right and requeue; or have the batch built anew: cancel its pipeline (bin/run-jobs cancel), then "bin/batches resume"',
    );
  },
});
