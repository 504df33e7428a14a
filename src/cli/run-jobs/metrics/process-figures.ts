/** How this process is. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Runner } from '../../../engine/runner/runner.js';
import { version } from '../../version.js';
import { counter, gauge, type Family } from './exposition.js';

const RESOLUTION_MS = 20;
/** Delays are told of the last so many milliseconds at least, however often somebody asks. */
const WINDOW_MS = 15_000;

export class ProcessFigures {
  private readonly delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private told = { mean: 0, p99: 0, max: 0 };
  private toldAt = -Infinity;

  constructor() {
    this.delays.enable();
  }

  close(): void {
    this.delays.disable();
  }

  families({ lanes, turning, leased }: ReturnType<Runner['status']>): Family[] {
    const { user, system } = process.cpuUsage();
    const { mean, p99, max } = this.delay();
    const delay = (statistic: string, value: number) => ({ labels: { statistic }, value });
    return [
      gauge('pressmark_build_info', 'Versions.', { labels: { version, node: process.versions.node }, value: 1 }),
      gauge('pressmark_turning', 'Whether the loop that asks for work turns.', { value: Number(turning) }),
      gauge('pressmark_leased', 'Whether this daemon reached the database within its lease.', {
        value: Number(leased),
      }),
      gauge(
        'pressmark_running',
        'Jobs that run in this daemon.',
        ...lanes.map(({ queue, running }) => ({ labels: { queue }, value: running })),
      ),
      gauge(
        'pressmark_places',
        'Jobs that this daemon runs at once, at most.',
        ...lanes.map(({ queue, width }) => ({ labels: { queue }, value: width })),
      ),
      gauge(
        'pressmark_event_loop_delay_seconds',
        'How late the event loop was, in the last seconds.',
        delay('mean', mean),
        delay('p99', p99),
        delay('max', max),
      ),
      gauge('process_resident_memory_bytes', 'Memory of the daemon, without its child processes.', {
        value: process.memoryUsage.rss(),
      }),
      counter('process_cpu_seconds_total', 'Processor time of the daemon, without its child processes.', {
        value: (user + system) / 1e6,
      }),
      gauge('process_start_time_seconds', 'Start of the daemon, since 1970.', {
        value: Math.round(performance.timeOrigin) / 1000,
      }),
    ];
  }

  private delay() {
    if (performance.now() - this.toldAt < WINDOW_MS) return this.told;
    const late = (nanoseconds: number) => (this.delays.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1e3)); // prettier-ignore
    this.told = {
      mean: late(this.delays.mean),
      p99: late(this.delays.percentile(99)),
      max: late(this.delays.max),
    };
    this.delays.reset();
    this.toldAt = performance.now();
    return this.told;
  }
}
