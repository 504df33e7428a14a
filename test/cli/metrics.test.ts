/** The figures of a daemon: real daemon, real scrape. */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { JobCall } from '../../src/engine/job.js';
import type { PipelinePlan } from '../../src/engine/pipeline.js';
import { removeFile, syncRecursive } from '../../src/files/jobs.js';
import { enqueuedOne, pipelineRow, rows, until, untilStatus, useDatabase } from '../engine/support.js';
import { freePort } from '../support/ports.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { gatedSplit } from './gated-split.js';
import { readPrometheusText } from './prometheus-text.js';
import { startDaemon } from './started-program.js';

/** What was slow to read is kept for twenty times as long (`cached.ts`): two seconds make it 40. */
const SAMPLE_SECONDS = 150;
vi.setConfig({ testTimeout: 600_000 });

const own = useDatabase();
let area: string;
let port: number;
let env: Record<string, string>;
beforeEach(async () => {
  area = await temporaryDirectory();
  port = await freePort();
  const [PDF_UPLOAD_PATH, SCAN_UPLOAD_PATH] = [await temporaryDirectory(), await temporaryDirectory()];
  env = { DATABASE_URL: own.url, PDF_UPLOAD_PATH, SCAN_UPLOAD_PATH, METRICS_ADDRESS: `127.0.0.1:${port}` };
});

const plan = (jobs: JobCall[], more: Partial<PipelinePlan> = {}): PipelinePlan => ({
  name: 'Test',
  description: 'a test',
  jobs,
  ...more,
});
const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method });
const page = async () => (await get('/metrics')).text();
/** All samples of a page, of whatever family. */
async function scrape(): Promise<Map<string, number>> {
  const families = readPrometheusText(await page());
  return new Map([...families.values()].flatMap(({ samples }) => [...samples]));
}
/** Scrapes until a sample has a value; what the database says is some seconds old. @returns all of that scrape */
async function untilSample(sample: string, value: number): Promise<Map<string, number>> {
  let samples = new Map<string, number>();
  const isThere = async () => (samples = await scrape()).get(sample) === value;
  await until(`${sample} is ${value}`, isThere, SAMPLE_SECONDS);
  return samples;
}

describe('GET /metrics', () => {
  test('tells queues, questions, runs, daemons, disks and itself in the format of Prometheus', async () => {
    await writeFile(join(area, 'a file'), 'words');
    const removal = removeFile({ location: join(area, 'a file') });
    const doomed = syncRecursive({ from: area, to: join(area, 'inside') }); // a tree into itself: fatal at once
    const fine = await enqueuedOne(own, plan([removal]));
    const failing = await enqueuedOne(own, plan([doomed]));
    const held = await enqueuedOne(own, plan([removal]));
    await rows(
      own,
      `update pipelines set status = 'held', hold_kind = 'person', hold_action = 'page_review', hold_rev = 1,
         held_at = now() - interval '2 hours' where id = $1`,
      [held],
    );
    const split = await gatedSplit(area);
    const running = await enqueuedOne(own, plan([split.job]));
    const waiting = await enqueuedOne(own, plan([doomed]));
    await rows(own, `update pipelines set status = 'delayed', run_at = now() + interval '1 day' where id = $1`, [waiting]); // prettier-ignore
    await startDaemon({ ...env, ...split.env }, '--queues', 'fast=2,cpu=1,io=1');
    const [pid] = await split.running();
    expect(pid).toBeGreaterThan(0);
    await untilStatus(own, fine, 'success');
    await untilStatus(own, failing, 'failed');
    const instant = await enqueuedOne(own, plan([{ ...removal, queue: 'instant' }]));
    await rows(own, `update pipelines set run_at = now() - interval '1 hour' where id = $1`, [instant]);
    await untilSample('pressmark_area_up{area="PDF_UPLOAD_PATH"}', 1); // it looks at the disks beside its work
    const samples = await untilSample('pressmark_queue_pending{queue="instant"}', 1);
    expect(Object.fromEntries([...samples].filter(([key]) => /^pressmark_(queue_pending|pipelines|held\{|run|places|up)/.test(key) && !/seconds/.test(key)))).toMatchObject({
        'pressmark_queue_pending{queue="fast"}': 0,
        'pressmark_queue_pending{queue="instant"}': 1,
        'pressmark_pipelines{status="in_process"}': 1,
        'pressmark_pipelines{status="failed"}': 1,
        'pressmark_pipelines{status="delayed"}': 1,
        'pressmark_held{action="page_review"}': 1,
        'pressmark_runs_total{type="remove_file",end="done"}': 1,
        'pressmark_runs_total{type="sync_recursive",end="failed"}': 1,
        'pressmark_running{queue="cpu"}': 1,
        'pressmark_places{queue="fast"}': 2,
      }); // prettier-ignore
    expect(samples.get('pressmark_held_oldest_seconds{action="page_review"}')).toBeGreaterThan(7000);
    expect(samples.get('pressmark_queue_oldest_pending_seconds{queue="instant"}')).toBeGreaterThan(3500);
    expect(samples.get('pressmark_run_seconds_count{type="remove_file"}')).toBe(1);
    expect(samples.get('pressmark_area_free_bytes{area="PDF_UPLOAD_PATH"}')).toBeGreaterThan(0);
    for (const up of ['database_up', 'locks_up', 'turning', 'leased', 'area_up{area="PDF_UPLOAD_PATH"}'])
      expect([up, samples.get(`pressmark_${up}`)]).toEqual([up, 1]);
    expect(samples.get('pressmark_area_up{area="BATCH_ARCHIVE_PATH"}')).toBe(0);
    expect([...samples.keys()].some((key) => /^pressmark_runners\{host="[^"]+",state="alive"\}$/.test(key))).toBe(true);
    expect(samples.get('pressmark_event_loop_delay_seconds{statistic="max"}')).toBeGreaterThanOrEqual(0);
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1e7);
    await split.letGo();
    await untilStatus(own, running, 'success');
    await untilSample('pressmark_runs_total{type="page_split",end="done"}', 1);
  });

  test('counts a rescue, by the daemon that did it', async () => {
    const removal = removeFile({ location: join(area, 'x') });
    const id = await enqueuedOne(own, plan([{ ...removal, queue: 'io' }]));
    await rows(own, `insert into runners (id, host, pid, boot_id, version, queues, heartbeat_at) values (7, 'gone', 1, 'b', '0', '{}', now() - interval '5 minutes')`); // prettier-ignore
    await rows(own, `update pipelines set status = 'in_process', runner_id = 7, epoch = 1, step_started_at = now() where id = $1`, [id]); // prettier-ignore
    await startDaemon(env, '--queues', 'io=1');
    await untilStatus(own, id, 'success');
    await untilSample('pressmark_rescued_total', 1);
    const samples = await untilSample('pressmark_runners{host="gone",state="silent"}', 1);
    expect(samples.get('pressmark_runner_silence_seconds{host="gone"}')).toBeGreaterThan(290);
    expect((await pipelineRow(own, id)).rescues).toBe(0);
  });

  test('says that a database is away, and what it knows without it', async () => {
    const daemon = await startDaemon(env);
    await untilSample('pressmark_database_up', 1);
    await own.database.pool.query('alter table watchers rename to watchers_away'); // the statement of the figures fails
    onTestFinished(async () => {
      await own.database.pool.query('alter table if exists watchers_away rename to watchers');
    });
    const samples = await untilSample('pressmark_database_up', 0);
    expect([...samples.keys()].filter((key) => key.startsWith('pressmark_queue'))).toEqual([]);
    expect(samples.get('pressmark_polls_total{answer="yes"}')).toBeGreaterThan(0);
    await own.database.pool.query('alter table watchers_away rename to watchers');
    await untilSample('pressmark_database_up', 1);
    expect(daemon.child.exitCode).toBeNull();
  });
});

describe('METRICS_ADDRESS', () => {
  test('answers GET /metrics and GET /healthz and nothing else, and tells nothing of itself', async () => {
    await startDaemon(env);
    const healthy = await get('/healthz');
    expect([healthy.status, await healthy.text()]).toEqual([200, 'ok\n']);
    const answers = [get('/'), get('/metrics/../etc/passwd'), get('/metrics', 'POST'), get('/healthz', 'DELETE'), get('/metrics?x=1')]; // prettier-ignore
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([404, 404, 405, 405, 200]);
    expect([...healthy.headers.keys()].sort()).toEqual(['cache-control', 'connection', 'content-type', 'date', 'transfer-encoding']); // prettier-ignore
  });

  test('lets go of whoever connects and says nothing', async () => {
    await startDaemon(env);
    const silent = connect(port, '127.0.0.1');
    silent.on('error', () => undefined); // a reset lets go of it as well
    onTestFinished(() => void silent.destroy());
    silent.write('GET /metrics HTTP/1.1\r\nHost: x\r\n'); // and no more
    await new Promise((resolve) => silent.resume().once('close', resolve));
  });

  test('that is taken does not stop the daemon: it says so once, and jobs run', async () => {
    const taken = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const daemon = await startDaemon(env);
    await mkdir(join(area, 'd'));
    const id = await enqueuedOne(own, plan([removeFile({ location: join(area, 'x') })]));
    await untilStatus(own, id, 'success');
    const told = daemon.lines().filter((line) => String(line['msg']).includes('no figures at METRICS_ADDRESS'));
    expect(told).toHaveLength(1);
  });

  test('is opt-in: without it nothing listens', async () => {
    const { METRICS_ADDRESS, ...without } = env;
    expect(METRICS_ADDRESS).toBeDefined();
    const daemon = await startDaemon(without);
    expect(daemon.lines().some((line) => String(line['msg']).includes('/metrics'))).toBe(false);
    await expect(get('/healthz')).rejects.toThrow();
  });
});
