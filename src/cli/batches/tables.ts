/** How `batches` prints for people. */
import type { BatchGroup, ListedBatch } from '../../newspapers/batches/batch-list.js';
import type { BatchStory } from '../../newspapers/batches/batch-story.js';
import { messageOf, phraseOf } from '../../newspapers/event-words.js';
import { historyOf } from '../../newspapers/object-story.js';
import { noPipelines } from '../no-pipelines.js';
import { ago, table, visible } from '../table.js';

export function batchesText({
  batches,
  totals,
}: {
  batches: ListedBatch[];
  totals: { group: BatchGroup; count: number }[];
}): string {
  if (totals.length === 0) return 'There are no such batches: queue-batches makes them.';
  return totals
    .map(({ group, count }) => {
      const shown = batches.filter((batch) => batch.group === group);
      const rows = table(
        ['batch', 'org', 'issues', 'pages', 'status', 'since', 'pipeline', 'waits for'],
        shown.map((batch) => [
          ...[batch.fullName, batch.orgCode, batch.issues, batch.pages],
          batch.flagged > 0 ? `${batch.status}, ${batch.flagged} flagged` : batch.status,
          ago(batch.archivedAt ?? batch.wentLiveAt ?? batch.createdAt),
          batch.pipelineId === null
            ? null
            : `${batch.pipelineId} ${batch.pipeline ?? ''}, ${batch.pipelineStatus ?? ''}`,
          waitsFor(batch),
        ]),
      );
      const more = count > shown.length ? `\n${shown.length} of ${count}; --limit shows more` : '';
      return `${group.toUpperCase()} (${count})\n${rows}${more}`;
    })
    .join('\n\n');
}

function waitsFor({ group, fullName, status, pipelineId, pipelineStatus, question }: ListedBatch): string | null {
  if (group !== 'needs a person') return null;
  if (pipelineStatus === 'failed') return `pipeline ${pipelineId ?? ''} failed: holding-pen show ${pipelineId ?? ''}`;
  if (pipelineStatus === 'held') return question; // none: it waits for no person
  const orResume = status === 'pending' ? `, or batches resume ${fullName}` : '';
  return `nothing is at work on it, and it is ${status}: batches ask ${fullName}${orResume}`;
}

export function batchText(story: BatchStory): string {
  const { batch, listed, issues, pages, places, links, pipelines, question } = story;
  const flagged = issues.filter((issue) => issue.flagged !== null).length;
  const facts: [string, string][] = [
    ['organisation', `${batch.orgName} (${batch.orgCode})`],
    ['status', batch.status],
    ['issues', `${issues.length}, with ${pages} pages${flagged > 0 ? `; ${flagged} flagged` : ''}`],
    ['made', batch.createdAt.toISOString()],
    ...(batch.wentLiveAt === null ? [] : [['live', batch.wentLiveAt.toISOString()] as [string, string]]),
    ...(batch.archivedAt === null ? [] : [['archived', batch.archivedAt.toISOString()] as [string, string]]),
    ...places.map(({ what, directory }): [string, string] => [what, directory]),
    ...(links.staging === undefined ? [] : [['staging', links.staging] as [string, string]]),
    ...(links.production === undefined ? [] : [['production', links.production] as [string, string]]),
    [
      'waits for',
      question
        ? `${question.action}: ${question.message ?? ''} (pipeline ${question.pipelineId}, ${ago(question.since)})`
        : ((listed && waitsFor(listed)) ?? 'nobody'),
    ],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    batch.fullName,
    ...facts.map(([name, value]) => `${name.padEnd(width)}  ${visible(value)}`),
    '',
    table(
      ['issue', 'title', 'pages', 'step', ...(flagged > 0 ? ['flagged'] : [])],
      issues.map(({ key, titleName, pages: count, workflowStep, flagged: flag }) => [
        ...[key, titleName, count, workflowStep],
        ...(flagged > 0 ? [flag && `by ${flag.by}: ${flag.reason}`] : []),
      ]),
      'It has no issues.',
    ),
    '',
    table(
      ['pipeline', 'name', 'status', 'jobs done', 'stands at', 'enqueued'],
      pipelines.map((p) => [p.id, p.name, p.status, `${p.jobsDone} of ${p.jobs}`, p.job, ago(p.createdAt)]),
      noPipelines(story.events),
    ),
    '',
    table(
      ['when', 'who', 'what', 'pipeline'],
      historyOf(story).map((happening) => [
        happening.at.toISOString().slice(0, 16).replace('T', ' '),
        happening.actor,
        told(happening),
        happening.pipelineId,
      ]),
      'Nothing has happened to it.',
    ),
  ].join('\n');
}

function told(happening: ReturnType<typeof historyOf>[number]): string {
  const message = messageOf(happening).replaceAll('\n', '; ');
  return message === '' ? phraseOf(happening.kind) : `${phraseOf(happening.kind)}: ${message}`;
}
