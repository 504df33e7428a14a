/** The side of the protocol that all contenders' daemons share: counts runs, watches their order, answers the bench. */
import { setTimeout as sleep } from 'node:timers/promises';
import { jobsOf, type FromDaemon, type Ran, type Start, type Step, type ToDaemon } from './protocol.js';

/** A contender's no-op job. */
export type RunStep = (step: Step) => Promise<void>;

const say = (message: FromDaemon) => process.send?.(message);

/** Starts a contender; resolves when it takes work, with the function that stops it. */
type StartContender = (order: Start, run: RunStep) => Promise<() => Promise<unknown>>;

/** Waits for the bench's word, then starts the contender. */
export function serve(start: StartContender): void {
  let atStart = process.cpuUsage();
  let started: Promise<() => Promise<unknown>> | undefined;
  process.on('message', (message: ToDaemon) => {
    switch (message.kind) {
      case 'start':
        atStart = process.cpuUsage();
        started = start(message, stepRunner(message));
        void started.then(() => say({ kind: 'taking' }));
        break;
      case 'pause':
        void started?.then((stopContender) => stopContender()).then(() => say({ kind: 'paused' }));
        break;
      case 'stop':
        stop(process.cpuUsage(atStart));
    }
  });
  process.on('disconnect', () => process.exit(1));
  say({ kind: 'loaded' });
}

function stepRunner({ load, workMs, echo }: Start): RunStep {
  const expected = jobsOf(load);
  const last = new Uint16Array(load.kind === 'chains' ? load.pipelines : 0);
  const busy = new Uint8Array(last.length);
  const ran: Ran = { runs: 0, outOfOrder: 0, overlapping: 0 };
  const count = () => {
    if (++ran.runs === expected) say({ kind: 'ran', ...ran });
  };
  if (echo)
    return ({ pipeline }) => {
      say({ kind: 'started', pipeline, at: String(process.hrtime.bigint()) });
      return Promise.resolve();
    };
  if (load.kind === 'singles')
    return () => {
      count();
      return Promise.resolve();
    };
  return async ({ pipeline, job }) => {
    if (last[pipeline] !== job - 1) ran.outOfOrder++;
    if (busy[pipeline] === 1) ran.overlapping++;
    last[pipeline] = job;
    busy[pipeline] = 1;
    if (workMs > 0) await sleep(Math.random() * 2 * workMs);
    busy[pipeline] = 0;
    count();
  };
}

function stop({ user, system }: NodeJS.CpuUsage): void {
  const rssMegabytes = process.memoryUsage.rss() / 1e6;
  process.send?.({ kind: 'stopped', cpuSeconds: (user + system) / 1e6, rssMegabytes } satisfies FromDaemon, () =>
    process.exit(0),
  );
}
