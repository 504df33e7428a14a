/** What this daemon counts of the jobs it runs. */
import type { RunEnd, RunnerObserver } from '../../../engine/runner/observer.js';
import { counter, type Family, type Sample } from './exposition.js';

/** Upper bounds of the classes of run time, in seconds: from a row to a batch. */
const SECONDS = [0.01, 0.1, 1, 10, 60, 600, 3600];

interface OfType {
  ends: Map<RunEnd, number>;
  /** Runs by class of run time, the last for those beyond all bounds. */
  classes: number[];
  seconds: number;
}

export class JobFigures implements RunnerObserver {
  private readonly types = new Map<string, OfType>();
  private readonly polls = { answered: 0, failed: 0 };
  private rescues = 0;
  private leases = 0;

  runEnded(type: string, end: RunEnd, seconds: number): void {
    let figures = this.types.get(type);
    if (figures === undefined) {
      figures = { ends: new Map(), classes: new Array<number>(SECONDS.length + 1).fill(0), seconds: 0 };
      this.types.set(type, figures);
    }
    figures.ends.set(end, (figures.ends.get(end) ?? 0) + 1);
    const bound = SECONDS.findIndex((most) => seconds <= most);
    const at = bound === -1 ? SECONDS.length : bound;
    figures.classes[at] = (figures.classes[at] ?? 0) + 1;
    figures.seconds += seconds;
  }

  polled(answered: boolean): void {
    this.polls[answered ? 'answered' : 'failed']++;
  }

  rescued(pipelines: number): void {
    this.rescues += pipelines;
  }

  leaseLost(): void {
    this.leases++;
  }

  families(): Family[] {
    const types = [...this.types];
    return [
      counter(
        'pressmark_runs_total',
        'Runs of jobs by this daemon, by how they ended.',
        ...types.flatMap(([type, { ends }]) => [...ends].map(([end, value]) => ({ labels: { type, end }, value }))),
      ),
      {
        name: 'pressmark_run_seconds',
        type: 'histogram',
        help: 'How long runs of jobs by this daemon took.',
        samples: types.flatMap(([type, figures]) => histogram(type, figures)),
      },
      counter(
        'pressmark_polls_total',
        'Rounds in which this daemon asked the database for work.',
        { labels: { answer: 'yes' }, value: this.polls.answered },
        { labels: { answer: 'no' }, value: this.polls.failed },
      ),
      counter('pressmark_rescued_total', 'Pipelines of dead daemons that this one gave back.', { value: this.rescues }),
      counter(
        'pressmark_leases_lost_total',
        'How often this daemon aborted all its work because the database was out of reach for most of its lease.',
        { value: this.leases },
      ),
    ];
  }
}

function histogram(type: string, { classes, seconds }: OfType): Sample[] {
  let count = 0;
  const buckets = classes.map((runs, index) => {
    count += runs;
    return { suffix: '_bucket', labels: { type, le: String(SECONDS[index] ?? '+Inf') }, value: count };
  });
  return [
    ...buckets,
    { suffix: '_sum', labels: { type }, value: seconds },
    { suffix: '_count', labels: { type }, value: count },
  ];
}
