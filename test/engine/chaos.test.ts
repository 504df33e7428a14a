/** Every transition under concurrent callers: ghosts, double answers, dying runners, people, clocks, all at once; then the books are checked. CHAOS_SEED=… replays what each caller wanted, CHAOS_TIMES=… makes it longer. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase } from '../../src/database/database.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { brokenInvariants } from './invariants.js';
import { Chaos } from './model/chaos.js';
import { rows } from './support.js';

let own: TestDatabase;
beforeAll(async () => {
  const created = await createTestDatabase();
  const wide = connectDatabase({ connectionString: created.url, applicationName: 'chaos', maxConnections: 24 });
  own = { url: created.url, database: wide, drop: () => wide.close().then(created.drop) };
  await rows(
    own,
    'create table effects (n bigint generated always as identity, pipeline bigint, job text, at timestamptz default clock_timestamp())',
  );
});
afterAll(() => own.drop());

test('thousands of deeds of twelve callers at once: no job is checked off twice, none is lost, every deed is in the books', async () => {
  const seed =
    process.env['CHAOS_SEED'] === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(process.env['CHAOS_SEED']);
  const times = Number(process.env['CHAOS_TIMES'] ?? 1);
  const chaos = new Chaos(own);
  for (let i = 0; i < 60; i++) await chaos.enqueueOne(Math.random);
  const end = new AbortController();
  const broken: unknown[] = [];
  const auditor = (async () => {
    while (!end.signal.aborted) {
      const found = await brokenInvariants(own);
      if (Object.keys(found).length > 0) broken.push(found);
    }
  })();
  await Promise.all([
    ...Array.from({ length: 8 }, (_, i) => chaos.runner(seed + i, 350 * times)),
    ...Array.from({ length: 4 }, (_, i) => chaos.operator(seed + 100 + i, 300 * times)),
  ]);
  end.abort();
  await auditor;
  await chaos.drain();
  console.info(`chaos: seed ${seed}`, chaos.counts);

  expect(chaos.surprises).toEqual([]);
  expect(broken).toEqual([]);
  expect(await brokenInvariants(own)).toEqual({});
  for (const deed of ['claims', 'decided', 'rescues', 'failures', 'requeued', 'woken', 'goto', 'busy'])
    expect(Object.keys(chaos.counts)).toContain(deed); // else nothing was tried

  // No job of a pipeline that nobody moved was checked off twice, in memory or in the rows; none before the one in front of it.
  expect(
    [...chaos.checkedOff].filter(([key, times]) => times > 1 && !chaos.moved.has(Number(key.split(' ')[0]))),
  ).toEqual([]);
  const effects = await rows<{ pipeline: number; job: string; times: number }>(
    own,
    'select pipeline, job, count(*) as times from effects group by 1, 2',
  );
  expect(new Map(effects.map((e) => [`${e.pipeline} ${e.job}`, e.times]))).toEqual(chaos.checkedOff);
  const disorder = await rows<{ pipeline: number }>(
    own,
    `select a.pipeline from effects a join jobs ja on ja.pipeline_id = a.pipeline and ja.args ->> 'name' = a.job
       join effects b on b.pipeline = a.pipeline join jobs jb on jb.pipeline_id = b.pipeline and jb.args ->> 'name' = b.job
     where ja.sequence < jb.sequence and a.at > b.at`,
  );
  expect(disorder.filter(({ pipeline }) => !chaos.moved.has(pipeline))).toEqual([]);

  // Every run that ended was counted with its job, and every deed left its event.
  const [runs] = await rows<{ attempts: number }>(own, 'select sum(attempt)::int8 as attempts from jobs');
  const [cut] = await rows<{ n: number }>(
    own,
    `select count(*) as n from events where kind = 'cancelled' and detail ->> 'was' = 'in_process'`,
  );
  expect(runs?.attempts).toBe((chaos.counts['runs ended'] ?? 0) + (cut?.n ?? 0));
  const kinds = await rows<{ kind: string; n: number }>(own, 'select kind, count(*) as n from events group by 1');
  const told = (...of: string[]) => kinds.filter(({ kind }) => of.includes(kind)).reduce((sum, { n }) => sum + n, 0);
  expect({
    failures: told('failed', 'failed_attempt'),
    rescues: told('rescued', 'rescue_limit'),
    decided: told('decided'),
    requeued: told('requeued'),
    woken: told('woken'),
    skipped: told('skipped'),
    goto: told('goto'),
  }).toEqual(
    Object.fromEntries(
      ['failures', 'rescues', 'decided', 'requeued', 'woken', 'skipped', 'goto'].map((deed) => [
        deed,
        chaos.counts[deed] ?? 0,
      ]),
    ),
  );
  expect(await rows(own, 'select from decisions')).toHaveLength(chaos.counts['decided'] ?? 0);
  expect(await rows(own, 'select from pipelines')).toHaveLength(chaos.counts['enqueued'] ?? 0);
}, 3_600_000);
