import type { Logger } from 'pino';
import { defineWatcher } from '../../engine/watcher.js';
import { formatIssueKey } from '../issue-key.js';
import { queueUpload, type QueueOutcome } from '../queue-upload.js';
import { forgetUploadClocks, UploadClock } from '../uploads/clock.js';
import { findUploads, UploadAreaMissing } from '../uploads/find-uploads.js';
import { judge, type Judged } from '../uploads/judge.js';
import { isMajor, type Problem } from '../uploads/problem.js';
import type { Obstacle, Upload } from '../uploads/upload.js';

/** Scans come from our own people: warnings do not stop them, but a duplicate waits for one who says why (W31). */
const keepsOut = (problem: Problem): boolean => isMajor(problem) || problem.rule === 'duplicate';

/**
 * Queues every scan that has no error, hourly and when the first runner starts (newspapers spec 5.4.6). Born-digital
 * uploads wait for a person; here only their clocks are started, so that they count from when they came, not from when
 * somebody first asked.
 */
export const queueScans = defineWatcher({
  name: 'queue_scans',
  every: '1 h',
  timeout: '6 h',
  async run({ db, locks, settings, log, signal }) {
    const clock = new UploadClock(db, (message) => log.info(message));
    const look = { settings, clock, now: () => new Date(), signal };
    const how = { actor: 'queue_scans', keepsOut, duplicateReason: undefined, locks };
    await each(judge(db, findUploads(db, 'scan', settings), look, 'full'), { log, signal }, async (judged) => {
      tell(log, judged.upload, await queueUpload(db, judged, settings, how));
    });
    await each(judge(db, findUploads(db, 'borndigital', settings), look, 'fast'), { log, signal });
    await forgetUploadClocks(db, new Date());
  },
});

/** Goes through an area. One upload that fails, or an area that is not there, does not keep it from the rest. */
async function each(
  found: AsyncIterable<Judged | Obstacle>,
  { log, signal }: { log: Logger; signal: AbortSignal },
  act: (judged: Judged) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  try {
    for await (const one of found) {
      signal.throwIfAborted();
      if (one.found === 'obstacle') {
        log.debug({ path: one.path }, one.problem.message);
        continue;
      }
      await act(one).catch((error: unknown) => {
        signal.throwIfAborted();
        log.warn({ err: error, directory: one.upload.directory }, 'the scan could not be queued; next time again');
      });
    }
  } catch (error) {
    if (!(error instanceof UploadAreaMissing)) throw error;
    log.warn(error.message);
  }
}

function tell(log: Logger, { key, directory }: Upload, outcome: QueueOutcome): void {
  const name = key ? formatIssueKey(key) : directory;
  if (outcome.outcome === 'queued') log.info(`queued the scan ${name}: issue ${outcome.issue.id}`);
  if (outcome.outcome !== 'skipped' || outcome.why === 'already queued') return;
  const why = outcome.why === 'problems' ? outcome.problems.map(({ message }) => message) : [outcome.message];
  log.debug({ directory, why }, `left the scan ${name}`);
}
