/** From the call of enqueue to the start of the job, on an idle daemon. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contenders/contender.js';
import { forLatency } from './contenders/all.js';
import { DaemonProcess } from './daemon-process.js';
import { rounded, type Bench, type Part } from './part.js';
import type { Server } from './server.js';
import { percentile } from './statistics.js';

const SAMPLES = 600;
/** pg-boss 10 only polls, every half second at best. */
const SAMPLES_OF_POLLERS = 60;
const NOT_COUNTED = 30;
const GAP_MS = 10;

export async function benchLatency(bench: Bench): Promise<Part> {
  const rows: Part['rows'] = [];
  const aims: Part['aims'] = [];
  for (const contender of forLatency()) {
    const samples = contender.system.startsWith('pg-boss') ? SAMPLES_OF_POLLERS : SAMPLES;
    bench.say(`latency: ${contender.system}`);
    const { started, sent } = await measureLatency(bench.server, contender, samples);
    const p50 = percentile(started, 0.5);
    const p99 = percentile(started, 0.99);
    rows.push({
      system: contender.system,
      how: contender.how,
      samples,
      'p50 ms': rounded(p50, 2),
      'p95 ms': rounded(percentile(started, 0.95), 2),
      'p99 ms': rounded(p99, 2),
      'of it enqueue, p50 ms': rounded(percentile(sent, 0.5), 2),
    });
    if (aims.length === 0)
      aims.push(
        { aim: 'median below 3 ms', measured: `${rounded(p50, 2)} ms`, met: p50 < 3 },
        { aim: 'p99 below 15 ms', measured: `${rounded(p99, 2)} ms`, met: p99 < 15 },
      );
  }
  return {
    title: 'enqueue to start, idle daemon, random gaps',
    rows,
    aims,
    notes: [
      'Jobs are sent one at a time; 10 ms apart on average. pg-boss 10 has no notification: half its poll interval of 0.5 s.',
    ],
  };
}

/** Milliseconds from the call of send: until the job started, and until send returned. */
async function measureLatency(server: Server, contender: Contender, samples: number) {
  const url = await server.freshDatabase('bench');
  await contender.prepare(url);
  const daemon = await DaemonProcess.load(contender.daemon);
  const sender = await contender.sender(url);
  const arrivals = new Map<number, (at: bigint) => void>();
  daemon.onStarted((pipeline, at) => arrivals.get(pipeline)?.(at));
  try {
    daemon.start({
      url,
      load: { kind: 'singles', count: samples },
      workMs: 0,
      echo: true,
      options: contender.daemonOptions,
    });
    await daemon.taking();
    await sleep(2000);
    const started: number[] = [];
    const sent: number[] = [];
    for (let i = -NOT_COUNTED; i < samples; i++) {
      await sleep(Math.random() * 2 * GAP_MS);
      const arrival = new Promise<bigint>((resolve) => arrivals.set(i, resolve));
      const called = process.hrtime.bigint();
      await sender.send(i);
      const returned = process.hrtime.bigint();
      const at = await arrival;
      arrivals.delete(i);
      if (i < 0) continue;
      started.push(Number(at - called) / 1e6);
      sent.push(Number(returned - called) / 1e6);
    }
    return { started, sent };
  } finally {
    await sender.close();
    await daemon.stop();
  }
}
