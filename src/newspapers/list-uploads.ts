/** Everything that lies in the upload areas: what is wrong with it, what is too new, what is being taken in already (newspapers spec 9, view uploads). */
import type { Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import type { Settings } from '../settings.js';
import type { UploadClock } from './uploads/clock.js';
import { findUploads, UploadAreaMissing } from './uploads/find-uploads.js';
import { judge, type Judged } from './uploads/judge.js';
import { isMajor, problem } from './uploads/problem.js';
import { intakeState, stuckIntakes, type IntakeState, type Standing } from './uploads/standing.js';
import type { Finding, Obstacle, Upload } from './uploads/upload.js';
import type { IssueKind } from './workflow-step.js';

export interface ListUploadsOptions {
  kinds: readonly IssueKind[];
  /** Only those of a title: its LCCN, its SFTP user, or the name of the directory. */
  title?: string | undefined;
  /** Open the PDFs of scans too. */
  full: boolean;
  clock: UploadClock;
  now: () => Date;
  signal?: AbortSignal;
}

/** `in the way`: an issue of its key that was flagged as unfixable keeps it out. */
export type UploadState = 'ready' | 'warnings' | 'errors' | 'in the way' | IntakeState;

export interface ListedUpload extends Judged {
  state: UploadState;
  /** Whether its files were looked into, as is done before it is queued; else it may yet be refused. */
  filesChecked: boolean;
}

/** Issues whose intake does not go on and whose files lie in the upload area no more. */
export interface StuckIntake {
  found: 'stuck';
  intake: Standing;
  state: IntakeState;
}

/**
 * Lists uploads area by area, one after the other as they are found, then the stuck intakes that were not among them.
 * An area that is not there is an obstacle and does not keep the other from being listed.
 */
export async function* listUploads(
  db: Kysely<DB>,
  settings: Settings,
  options: ListUploadsOptions,
): AsyncGenerator<ListedUpload | Obstacle | StuckIntake> {
  const listed = new Set<number>();
  const { clock, now, signal, full } = options;
  for (const kind of options.kinds) {
    const findings = ofTitle(orMissing(findUploads(db, kind, settings)), options.title);
    const look = { settings, clock, now, ...(signal && { signal }) };
    for await (const found of judge(db, findings, look, full ? 'full' : 'fast')) {
      if (found.found === 'obstacle') {
        yield found;
        continue;
      }
      if (found.intake) listed.add(found.intake.issueId);
      yield { ...found, state: stateOf(found), filesChecked: full && !found.flagged };
    }
  }
  for (const intake of await stuckIntakes(db)) {
    const isWanted =
      options.kinds.includes(intake.kind) &&
      (options.title === undefined || intake.key.startsWith(`${options.title}/`));
    if (isWanted && !listed.has(intake.issueId)) yield { found: 'stuck', intake, state: intakeState(intake) };
  }
}

function stateOf({ intake, flagged, problems }: Judged): UploadState {
  if (intake) return intakeState(intake);
  if (flagged) return 'in the way';
  if (problems.some(isMajor)) return 'errors';
  return problems.length > 0 ? 'warnings' : 'ready';
}

async function* orMissing(findings: AsyncIterable<Finding>): AsyncGenerator<Finding> {
  try {
    yield* findings;
  } catch (error) {
    if (!(error instanceof UploadAreaMissing)) throw error;
    yield { found: 'obstacle', path: error.path, problem: problem('unreadable', error.message, { scope: 'top' }) };
  }
}

async function* ofTitle(findings: AsyncIterable<Finding>, wanted: string | undefined): AsyncGenerator<Finding> {
  for await (const finding of findings)
    if (finding.found === 'obstacle' || wanted === undefined || isOfTitle(finding, wanted)) yield finding;
}

const isOfTitle = ({ title, titleDirectory }: Upload, wanted: string): boolean =>
  titleDirectory === wanted || title?.lccn === wanted || title?.sftpUser === wanted;
