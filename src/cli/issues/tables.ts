/** How `issues` prints for people. */
import type { ListedIssue } from '../../newspapers/issue-list.js';
import { messageOf, phraseOf } from '../../newspapers/event-words.js';
import type { IssueStory } from '../../newspapers/issue-story.js';
import { historyOf } from '../../newspapers/object-story.js';
import { noPipelines } from '../no-pipelines.js';
import type { IssueMetadata } from '../../newspapers/metadata/metadata.js';
import type { Page } from '../../newspapers/pages.js';
import { ago, table, visible } from '../table.js';

export function issuesText({ issues, total }: { issues: ListedIssue[]; total: number }): string {
  const rows = table(
    ['id', 'issue', 'title', 'type', 'step', 'pages', 'pipeline', 'waits for'],
    issues.map((issue) => [
      issue.id,
      issue.key,
      issue.titleName,
      issue.kind,
      issue.ignored ? `${issue.workflowStep}, ignored` : issue.workflowStep,
      issue.pages === 0 ? null : issue.pages,
      issue.pipelineId === null ? null : `${issue.pipelineId} ${issue.pipeline ?? ''}, ${issue.pipelineStatus ?? ''}`,
      issue.pipelineStatus === 'held' ? issue.question : issue.needs,
    ]),
    'There are no such issues: bulk-queue brings uploads in.',
  );
  return total > issues.length
    ? `${rows}\n${issues.length} of ${total}; --limit shows more, --key and --step fewer`
    : rows;
}

export function storyText(story: IssueStory): string {
  const { issue, pages, metadata, pipelines, question, needs } = story;
  const facts = [
    ['title', `${issue.titleName} (${issue.lccn})`],
    ['organisation', issue.orgCode],
    ['type', issue.kind],
    ['step', issue.ignored ? `${issue.workflowStep}, out of the workflow` : issue.workflowStep],
    ['name', issue.humanName],
    ['location', issue.location ?? 'none'],
    ['backup', issue.backupLocation ?? 'none'],
    ...(issue.duplicateReason === null ? [] : [['duplicate', `let in: ${issue.duplicateReason}`]]),
    ['pages', pagesText(pages)],
    ...metadataFacts(metadata),
    [
      'waits for',
      question
        ? `${question.action}: ${question.message ?? ''} (pipeline ${question.pipelineId}, ${ago(question.since)})`
        : (needs ?? 'nobody'),
    ],
  ];
  const pipelineTable = table(
    ['pipeline', 'name', 'status', 'jobs done', 'stands at', 'enqueued'],
    pipelines.map((p) => [p.id, p.name, p.status, `${p.jobsDone} of ${p.jobs}`, p.job, ago(p.createdAt)]),
    noPipelines(story.events),
  );
  const history = table(
    ['when', 'who', 'what', 'pipeline'],
    historyOf(story).map((happening) => [minute(happening.at), happening.actor, told(happening), happening.pipelineId]),
    'Nothing has happened to it.',
  );
  const width = Math.max(...facts.map(([name = '']) => name.length));
  const lines = facts.map(([name = '', value = '']) => `${name.padEnd(width)}  ${visible(value)}`);
  return [`Issue ${issue.id}: ${issue.key}`, ...lines, '', pipelineTable, '', history].join('\n');
}

function told(happening: ReturnType<typeof historyOf>[number]): string {
  const message = messageOf(happening).replaceAll('\n', '; ');
  return message === '' ? phraseOf(happening.kind) : `${phraseOf(happening.kind)}: ${message}`;
}

/** UTC, which no change of the clocks puts out of order. */
const minute = (at: Date): string => at.toISOString().slice(0, 16).replace('T', ' ');

/** What was submitted, by whom; and what somebody has begun since. */
function metadataFacts({ stored, draft, enteredBy, enteredAt, reviewedBy, approvedAt }: IssueMetadata): string[][] {
  const drafted = Object.keys(draft);
  const { dateAsLabeled, date, volume, issueNumber, edition, editionLabel } = stored;
  const told = [
    ...(volume === '' ? [] : [`volume ${volume}`]),
    ...(issueNumber === '' ? [] : [`number ${issueNumber}`]),
    `edition ${edition}${editionLabel === '' ? '' : ` (${editionLabel})`}`,
    ...(dateAsLabeled === date ? [] : [`labelled ${dateAsLabeled}`]),
  ];
  return [
    ['metadata', told.join(', ')],
    ...(drafted.length === 0 ? [] : [['draft', `not submitted yet: ${drafted.join(', ')}`]]),
    ...(enteredBy === null ? [] : [['entered', `by ${enteredBy}, ${ago(enteredAt)}`]]),
    ...(reviewedBy === null ? [] : [['approved', `by ${reviewedBy}, ${ago(approvedAt)}`]]),
  ];
}

function pagesText(pages: readonly Page[]): string {
  if (pages.length === 0) return 'not counted yet';
  const labels = pages.map(({ label, noLabel }) => (noLabel ? 'none' : (label ?? '?')));
  return `${pages.length}; labels ${labels.join(', ')}`;
}
