/** How `issues uploads` prints. */
import type { ListedUpload, StuckIntake, UploadState } from '../../newspapers/list-uploads.js';
import { formatIssueKey } from '../../newspapers/issue-key.js';
import { faultsTitle, hasTitleErrors, type Problem } from '../../newspapers/uploads/problem.js';
import { flaggedRemedy, intakeRemedies, type Standing } from '../../newspapers/uploads/standing.js';
import type { Obstacle } from '../../newspapers/uploads/upload.js';
import { visible } from '../table.js';

type Listed = ListedUpload | Obstacle | StuckIntake;

const KINDS = { borndigital: 'born-digital', scan: 'scans' } as const;

/** Tells of one after the other, titles as headings, and counts. */
export class UploadsText {
  readonly counts: Record<UploadState | 'obstacles', number> = {
    ready: 0,
    warnings: 0,
    errors: 0,
    'in the way': 0,
    running: 0,
    failed: 0,
    cancelled: 0,
    obstacles: 0,
  };
  #heading = '';

  /** Lines, each with its end. */
  tell(listed: Listed): string {
    this.counts[listed.found === 'obstacle' ? 'obstacles' : listed.state]++;
    const lines = listed.found === 'obstacle' ? [`WARN ${listed.path}: ${listed.problem.message}`] : this.#told(listed);
    return lines.map((line) => `${visible(line)}\n`).join('');
  }

  #told(listed: ListedUpload | StuckIntake): string[] {
    const [heading, ofTitle, lines] =
      listed.found === 'stuck'
        ? ['Taken out of the upload areas, and stuck', [], intakeLines(listed.intake, listed.state)]
        : [titleOf(listed), listed.problems.filter(isOfTitle), uploadLines(listed)];
    const head = heading === this.#heading ? [] : [heading, ...ofTitle.map((problem) => `  ${told(problem)}`)];
    this.#heading = heading;
    return [...head, ...lines.map((line) => `  ${line}`)];
  }

  summary(): string {
    const { ready, warnings, errors, running, failed, cancelled } = this.counts;
    const inTheWay = this.counts['in the way'];
    const total = ready + warnings + errors + inTheWay + running + failed + cancelled;
    if (total === 0) return 'No uploads found.';
    const parts = [
      `${ready} ready`,
      `${warnings} with warnings`,
      `${errors} with errors`,
      ...(inTheWay > 0 ? [`${inTheWay} with a flagged issue in the way`] : []),
      `${running} being taken in`,
      `${failed} failed`,
      ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
    ];
    return `${total} upload(s): ${parts.join(', ')}.`;
  }
}

/** One of them, for machines. */
export function uploadValue(listed: Listed): object {
  if (listed.found === 'obstacle') return { found: 'obstacle', path: listed.path, problem: listed.problem };
  if (listed.found === 'stuck') return { found: 'stuck', state: listed.state, intake: listed.intake };
  const { upload, problems, state, filesChecked, intake, twin, flagged } = listed;
  return {
    found: 'upload',
    state,
    filesChecked,
    kind: upload.kind,
    directory: upload.directory,
    key: upload.key ? formatIssueKey(upload.key) : null,
    title: upload.title?.lccn ?? null,
    org: upload.org?.code ?? null,
    titleIsInvalid: hasTitleErrors(problems),
    faultsTitle: faultsTitle(problems),
    problems,
    intake: intake ?? null,
    duplicateOf: twin ?? null,
    inTheWay: flagged ?? null,
  };
}

function titleOf({ upload: { kind, title, titleDirectory, org } }: ListedUpload): string {
  const name = title ? `${title.lccn} (${title.name})` : titleDirectory;
  return `${name}, ${KINDS[kind]}${org ? ` of ${org.code}` : ''}`;
}

const isOfTitle = ({ scope }: Problem): boolean => scope === 'title' || scope === 'top';

function uploadLines({ upload, problems, state, filesChecked, intake, flagged }: ListedUpload): string[] {
  if (intake) return intakeLines(intake, state);
  const name = upload.key ? formatIssueKey(upload.key) : upload.directory;
  const unchecked = upload.kind === 'scan' && !filesChecked && state !== 'errors' && !flagged;
  return [
    `${name}: ${state}${unchecked ? ' (PDFs not looked into; --full does)' : ''}`,
    ...(flagged ? [`  ${flaggedRemedy(flagged)}`] : []),
    ...problems.filter((problem) => !isOfTitle(problem)).map((problem) => `  ${told(problem)}`),
  ];
}

const told = ({ level, message }: Problem): string => `${level === 'major' ? 'error' : 'warning'}: ${message}`;

function intakeLines(intake: Standing, state: UploadState): string[] {
  const { key, issueId, pipelineId, pipeline, pipelineStatus, job, waitsFor, error, errorLines } = intake;
  const at = job === null ? '' : ` at ${job}`;
  const what = pipelineId === null ? '' : `, pipeline ${pipelineId} (${pipeline ?? ''}, ${pipelineStatus ?? ''}${at})`;
  const said = error === null ? [] : [error, `failed: ${error}`]; // the log says it too
  const why = [...errorLines.filter((line) => !said.includes(line)), ...(error === null ? [] : [error])];
  return [
    `${key}: ${state} as issue ${issueId}${what}`,
    ...(waitsFor === null ? [] : [`  waits: ${waitsFor}`]),
    ...why.map((line) => `  ${state === 'failed' ? 'error' : 'last error'}: ${line}`),
    ...(state === 'running' ? [] : [`  remedy: ${intakeRemedies(intake)}`]),
  ];
}
