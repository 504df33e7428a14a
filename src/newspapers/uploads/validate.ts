/** The validations of an upload beyond its names: fast ones for lists, full ones before it is queued (newspapers spec 5.4.1). */
import type { Settings } from '../../settings.js';
import type { IssueKind } from '../workflow-step.js';
import { entriesIn } from './area.js';
import { checkImages } from './check-images.js';
import { checkReadable } from './check-readable.js';
import type { UploadClock } from './clock.js';
import { hasIssueErrors, hasTitleErrors, problem, type Problem } from './problem.js';
import { checkSettled } from './settled.js';
import { intakeRemedies, intakeState, type Known, type Standing } from './standing.js';
import type { Upload } from './upload.js';

export interface Look {
  settings: Settings;
  clock: UploadClock;
  now: Date;
  signal?: AbortSignal;
}

/**
 * Rows 3 and 15 to 17, each upload's once: nothing is added to one that has errors, so that what keeps it out is not
 * buried below what would be wrong besides.
 *
 * @param problems what the search found (rows 1 to 14)
 * @param known the issues of the same key that are further on, or live
 * @returns all problems, those found before and the new ones
 */
export async function validateFast(
  upload: Upload,
  problems: readonly Problem[],
  { twin, live }: Pick<Known, 'twin' | 'live'>,
  look: Look,
): Promise<Problem[]> {
  if (hasIssueErrors(problems)) return [...problems];
  const found = [...problems];
  if (hasTitleErrors(problems)) found.push(problem('invalid title', 'Title is invalid; mend that first, see there'));
  const settled = await checkSettled(upload.directory, look.settings, look);
  if (settled) found.push(settled);
  if (twin) found.push(duplicateOf(describeTwin(twin), upload));
  else if (live) found.push(duplicateOf(`an issue that is live, in ${live.batch}: ${live.url}`, upload));
  return found;
}

/**
 * What only a look into the files shows, of uploads without errors: whether each can be read at all (row 8), and rows 18
 * to 20 of scans.
 */
export async function validateFiles(upload: Upload, problems: readonly Problem[], look: Look): Promise<Problem[]> {
  if (hasIssueErrors(problems)) return [...problems];
  const entries = await entriesIn(upload.directory);
  if (entries === undefined || entries instanceof Error) return [...problems]; // gone since it was found
  const locked = await checkReadable(upload.directory, entries, look.signal);
  if (upload.kind !== 'scan' || locked.length > 0) return [...problems, ...locked];
  return [...problems, ...(await checkImages(upload.directory, entries, look.settings.SCANNED_PDF_DPI, look.signal))];
}

const KIND_NAME: Readonly<Record<IssueKind, string>> = { borndigital: 'born-digital', scan: 'scan' };

function describeTwin(twin: Standing): string {
  const { issueId, kind, workflowStep, location } = twin;
  const where = location === null ? '' : `, in ${location}`;
  const stuck = intakeState(twin) === 'failed' ? `, which failed: ${intakeRemedies(twin)}` : '';
  return `issue ${issueId} (${KIND_NAME[kind]}, ${workflowStep}${where})${stuck}`;
}

/**
 * Row 17.
 *
 * @param other what it is a duplicate of, and where that is
 */
export function duplicateOf(other: string, { kind, key }: Upload): Problem {
  const remedies = [
    'remove it if it is the same paper',
    `name it ${key?.date ?? 'YYYY-MM-DD'}_EE if it is another edition`,
    `or let it in: bin/bulk-queue --type ${kind} --key ... --allow-duplicate --reason TEXT`,
  ];
  return problem('duplicate', `looks like a duplicate (same LCCN, date, edition) of ${other}; ${remedies.join(', ')}`);
}
