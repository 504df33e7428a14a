import type { listPipelines, readLogs, showPipeline, StandingPipeline, Status } from '../../engine/status.js';
import { ago, span, table, visible } from '../table.js';

type Shown = NonNullable<Awaited<ReturnType<typeof showPipeline>>>;
type LogLine = Awaited<ReturnType<typeof readLogs>>[number];

/** Failed, held and delayed pipelines, one a line. */
export const standingTable = (standing: StandingPipeline[]): string =>
  table(
    ['pipeline', 'status', 'about', 'stands at', 'since', 'why'],
    standing.map((p) => [
      p.id,
      p.status,
      `${p.name}: ${p.description}`,
      p.hold_action ?? p.type,
      ago(p.since),
      p.run_at === null ? p.message : `again in ${span((p.run_at.getTime() - Date.now()) / 1000)}: ${p.message ?? ''}`,
    ]),
    'nothing stands',
  );

/** The whole status, for people. */
export function statusText(status: Status): string {
  const runners = table(
    ['runner', 'host', 'pid', 'version', 'queues', 'running', 'up', 'last beat'],
    status.runners.map((r) => [
      r.id,
      r.host,
      r.pid,
      r.version,
      Object.entries(r.queues as Record<string, number>)
        .map(([queue, width]) => `${queue}=${width}`)
        .join(','),
      r.running,
      ago(r.started_at),
      `${span(r.silent_seconds)} ago`,
    ]),
    'no runner is alive: start one with run-jobs watch',
  );
  const queues = table(
    ['queue', 'pending', 'in process', 'delayed', 'oldest pending'],
    status.queues.map((q) => [q.queue, q.pending, q.in_process, q.delayed, span(q.oldest_seconds)]),
    'all queues are empty',
  );
  const running = table(
    ['pipeline', 'about', 'job', 'queue', 'for', 'progress'],
    status.running.map((j) => [
      j.pipeline_id,
      `${j.pipeline}: ${j.description}`,
      `${j.sequence} ${j.type}`,
      j.queue,
      span(j.seconds),
      progressBar(j),
    ]),
    'nothing is running',
  );
  const { failed, held, delayed } = status.counts;
  return [
    runners,
    queues,
    ...status.unknown_types.map(
      ({ type, pipelines, first }) =>
        `${pipelines} pending at a job of type ${visible(type)}, e.g. pipeline ${first}: no runner that looked knows this job type; start one of the version that does`,
    ),
    ...(status.progress.trouble === null ? [running] : [running, `no progress is shown: ${status.progress.trouble}`]),
    `${failed} failed, ${held} held, ${delayed} delayed`,
    standingTable(status.standing),
  ].join('\n\n');
}

const BAR = 20;

function progressBar({
  done,
  total,
  unit,
}: {
  done: number | null;
  total: number | null;
  unit: string | null;
}): string {
  if (done === null || total === null || total <= 0) return '-';
  const full = Math.min(BAR, Math.floor((done / total) * BAR));
  return `${'#'.repeat(full)}${'.'.repeat(BAR - full)} ${done}/${total} ${unit ?? ''}`;
}

/** A list of pipelines, for people. */
export const pipelinesTable = (pipelines: Awaited<ReturnType<typeof listPipelines>>): string =>
  table(
    ['pipeline', 'status', 'name', 'about', 'by', 'created', 'ended'],
    pipelines.map((p) => [
      p.id,
      p.status === 'held' && p.hold_action !== null ? `held: ${p.hold_action}` : p.status,
      p.name,
      p.description,
      p.created_by,
      ago(p.created_at),
      ago(p.completed_at),
    ]),
    'no pipelines',
  );

/** One pipeline whole, for people. */
export function pipelineText({ pipeline, jobs, decisions, events }: Shown): string {
  const head = `pipeline ${pipeline.id} ${pipeline.name}: ${visible(pipeline.description)} is ${pipeline.status}`;
  const hold =
    pipeline.status === 'held'
      ? `\nwaits for ${pipeline.hold_kind ?? ''}: ${pipeline.hold_action ?? ''} (question ${pipeline.hold_rev}): ${visible(pipeline.hold_message ?? '')}`
      : pipeline.status === 'delayed'
        ? `\ngoes on by itself in ${span(Math.max(0, (pipeline.run_at.getTime() - Date.now()) / 1000))}`
        : '';
  const jobTable = table(
    ['job', 'type', 'queue', 'status', 'runs', 'took', 'result or error'],
    jobs.map((j) => [
      j.sequence,
      j.type,
      j.queue,
      j.status,
      j.attempt,
      j.started_at && j.completed_at ? span((j.completed_at.getTime() - j.started_at.getTime()) / 1000) : '-',
      j.error === null
        ? j.result === null
          ? ''
          : JSON.stringify(j.result)
        : String((j.error as { message?: string }).message),
    ]),
  );
  const story = [
    ...events.map((e) => ({ at: e.at, text: `${e.actor}: ${e.kind} ${JSON.stringify(withoutStack(e.detail))}` })),
    ...(events.some((e) => e.kind === 'decided')
      ? []
      : decisions.map((d) => ({ at: d.at, text: `${d.actor} decided ${d.verb}` }))),
  ];
  return [head + hold, jobTable, ...story.map((line) => `${line.at.toISOString()}  ${visible(line.text)}`)].join(
    '\n\n',
  );
}

function withoutStack(detail: unknown): unknown {
  if (typeof detail !== 'object' || detail === null || !('error' in detail)) return detail;
  return { ...detail, error: (detail.error as { message?: string } | null)?.message };
}

/** One log line, for people. */
export const logText = (line: LogLine): string => {
  const fields = line.fields === null ? '' : ` ${JSON.stringify(line.fields)}`;
  const run = line.attempt > 1 ? ` (run ${line.attempt})` : '';
  return visible(
    `${line.at.toISOString()} ${line.level.toUpperCase().padEnd(5)} ${line.pipeline_id}.${line.sequence} ${line.type}${run}: ${line.message}${fields}`,
  );
};
