/**
 * Loaded into a real `run-jobs watch` by `node --import`: measures the delay of its event loop and its memory, and writes
 * both to the file of BENCH_EVENT_LOOP when it ends. Plain JavaScript, so that no loader of TypeScript is measured along.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setInterval, setTimeout } from 'node:timers';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 10;
/** Loading the program blocks the loop, once, before it has any work. */
const STARTED_AFTER_MS = 1500;

if (isMainThread && process.env.BENCH_EVENT_LOOP) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let peakRss = 0;
  setTimeout(() => {
    delay.enable();
    setInterval(() => (peakRss = Math.max(peakRss, process.memoryUsage.rss())), 50).unref();
  }, STARTED_AFTER_MS).unref();
  process.on('exit', () => {
    const ms = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS); // it counts from timer to timer
    writeFileSync(
      process.env.BENCH_EVENT_LOOP,
      JSON.stringify({
        samples: delay.count,
        p50: ms(delay.percentile(50)),
        p99: ms(delay.percentile(99)),
        longest: ms(delay.max),
        peakRssMegabytes: peakRss / 1e6,
      }),
    );
  });
}
