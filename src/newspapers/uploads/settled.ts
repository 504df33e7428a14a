/** Whether an upload has been left alone long enough to be complete (newspapers spec 5.4 rows 15 and 16). */
import type { Settings } from '../../settings.js';
import { unreadable } from './area.js';
import type { UploadClock } from './clock.js';
import { problem, type Problem } from './problem.js';

/** How long an upload must have been left alone, in seconds. */
export type QuietSettings = Pick<Settings, 'DURATION_ISSUE_CONSIDERED_DANGEROUS' | 'DURATION_ISSUE_CONSIDERED_NEW'>;

/**
 * The problem of an upload that changed too short a time ago; undefined when it has none. The time counts from when we
 * first saw it as it is now, whatever its files' own times say; a first look starts the clock, unless nobody asks for
 * any quiet time.
 */
export async function checkSettled(
  directory: string,
  settings: QuietSettings,
  { clock, now }: { clock: UploadClock; now: Date },
): Promise<Problem | undefined> {
  const { DURATION_ISSUE_CONSIDERED_DANGEROUS: dangerous, DURATION_ISSUE_CONSIDERED_NEW: fresh } = settings;
  if (Math.max(dangerous, fresh) === 0) return undefined;
  let since: Date;
  try {
    since = await clock.unchangedSince(directory, now);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException; // fs errors have them, the database's have no syscall
    if (code === undefined || syscall === undefined) throw error;
    return unreadable(error as Error);
  }
  const until = (seconds: number) => new Date(since.getTime() + seconds * 1000);
  if (until(dangerous) > now) {
    const wait = `must be left alone ${span(dangerous)}, until ${until(dangerous).toISOString()}`;
    return problem('modified too recently', `modified too recently; ${wait}`);
  }
  if (until(fresh) > now) {
    const wait = `without a change it counts as complete from ${until(fresh).toISOString()}`;
    return problem('may be too new', `may be too new; updates may be pending; ${wait}`);
  }
  return undefined;
}

/** In minutes where it is less than two hours. */
const span = (seconds: number): string =>
  seconds < 7200 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.round(seconds / 360) / 10} hours`;
