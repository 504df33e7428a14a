/** Every pipeline from upload to archive and clean-up, the daemon killed (kill -9) after every one of its jobs, and between a job's effect and its record. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { validateBag } from '../../src/files/bagit/validate-bag.js';
import { startFakeAgent, type FakeAgent } from '../../src/newspapers/oni/fake-agent/fake-agent.js';
import { startFakeSite, type FakeSite } from '../../src/newspapers/oni/fake-agent/fake-site.js';
import { makeSampleUploads } from '../../src/newspapers/samples/uploads.js';
import { daemonEnd, makeWorld, reviewPages, type World } from './daemon.js';
import { comparableContent } from './comparable-content.js';

/** KILL_EVERY=1: at every moment of all pipelines; KILL_EVERY=12: at every twelfth. Not in the gate, which has not the time. */
const EVERY = Number(process.env['KILL_EVERY'] ?? 1);

interface WholeWorld extends World {
  agents: FakeAgent[];
  /** Runs daemons until nothing is at work. */
  work: () => Promise<void>;
  kills: number;
}

const ends: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

async function makeWholeWorld(isKilled: boolean): Promise<WholeWorld> {
  const root = await mkdtemp(join(tmpdir(), 'pressmark-every-job-'));
  const areas = {
    BATCH_OUTPUT_PATH: join(root, 'outgoing'),
    BATCH_PRODUCTION_PATH: join(root, 'production'),
    BATCH_ARCHIVE_PATH: join(root, 'archive'),
    ERRORED_ISSUES_PATH: join(root, 'errors'),
  };
  for (const directory of [...Object.values(areas), join(root, 'var')]) await mkdir(directory, { recursive: true });
  const agents: FakeAgent[] = [];
  const sites: FakeSite[] = [];
  while (agents.length < 2) {
    // staging, production
    const agent = await startFakeAgent({ batchSource: areas.BATCH_PRODUCTION_PATH });
    agents.push(agent);
    sites.push(await startFakeSite({ oni: agent.world.oni }));
    ends.push(() => agent.stop());
  }
  ends.push(async () => Promise.all(sites.map((site) => site.stop())));
  const [staging, production] = agents;
  const world = await makeWorld(root, {
    ...areas,
    STAGING_AGENT: staging?.address ?? '',
    STAGING_AGENT_HOST_KEY: staging?.fingerprint ?? '',
    STAGING_NEWS_WEBROOT: sites[0]?.url ?? '',
    PRODUCTION_AGENT: production?.address ?? '',
    PRODUCTION_AGENT_HOST_KEY: production?.fingerprint ?? '',
    NEWS_WEBROOT: sites[1]?.url ?? '',
    PURGE_STAGING_AFTER_GO_LIVE: 'true',
    MIN_BATCH_SIZE: '1',
  });
  ends.push(
    () => world.own.drop(),
    () => rm(root, { recursive: true, force: true }),
  );
  const whole: WholeWorld = { ...world, agents, kills: 0, work: () => (isKilled ? killed(whole) : calm(whole)) };
  return whole;
}

/** Until nothing is at work: what is to be tried later is waited for. */
async function calm(world: WholeWorld): Promise<void> {
  do await daemonEnd(world.startDaemon());
  while (await isLater(world));
}

async function killed(world: WholeWorld): Promise<void> {
  const hook = {
    NODE_OPTIONS: `--import=${resolve('test/end-to-end/killing-itself.mjs')}`,
    KILLED_AT: join(world.root, 'var', 'killed-at'),
    KILL_EVERY: String(EVERY),
  };
  for (;;) {
    const daemon = world.startDaemon(hook);
    const wasKilled = await daemonEnd(daemon).then(
      () => false,
      (error: unknown) => {
        if (daemon.signalCode === 'SIGKILL') return true;
        throw error;
      },
    );
    if (wasKilled) world.kills++;
    else if (!(await retriedWhatDiedTooOften(world)) && !(await isLater(world))) return;
  }
}

/** What runs beside a killed job is killed with it: after three times a person is asked. */
async function retriedWhatDiedTooOften(world: World): Promise<boolean> {
  const held = await asking(world, 'runner_died');
  for (const id of held) await world.run('holding-pen', 'decide', String(id), 'retry');
  return held.length > 0;
}

async function isLater({ own }: World): Promise<boolean> {
  const { rows } = await own.database.pool.query<{ seconds: number }>(
    `select greatest(0, extract(epoch from min(run_at) - now()))::float8 as seconds from pipelines
     where status in ('delayed', 'pending', 'in_process') having count(*) > 0`,
  );
  if (rows[0]) await sleep(rows[0].seconds * 1000);
  return rows.length > 0;
}

/** Takes five issues through every pipeline there is. */
async function road(world: WholeWorld): Promise<void> {
  const { run, work } = world;
  const marc = join(world.root, 'marc');
  const [bornDigital = '', scan = ''] = await uploads(world, marc);
  await run('orgs', 'add', 'tst', 'Test Library');
  await run('titles', 'add', '--marc', marc);
  await run('bulk-queue', '--type', 'borndigital', '--key', bornDigital);
  await run('bulk-queue', '--type', 'scan', '--key', scan);
  await work();

  const [good = '', given = '', dead = ''] = [7, 8, 9].map((day) => `${bornDigital}/2024030${day}01`);
  const [first = '', second = ''] = [1, 2].map((edition) => `${scan}/191103100${edition}`);
  // two uploads have too few pages: one is given back, the other taken out as dead
  await run('issues', 'cancel-intake', given, '--reason', 'one page is no issue');
  await work();
  expect(await run('remove-dead-issues')).toContain(dead);
  await work();
  // the pages are split once more, then reviewed
  const [review = 0] = await asking(world, 'page_review');
  await run('holding-pen', 'decide', String(review), 'redo');
  await work();
  await reviewPages(world);
  await work();

  const metadata = join(world.root, 'var', 'metadata.csv');
  const lines = [good, first, second].map((key) => `${key},1,2,"1,"\n`);
  await writeFile(metadata, `issue,volume,issueNumber,labels\n${lines.join('')}`);
  await run('issues', 'metadata', '--from', metadata, '--as', 'cora');
  await work();
  const [rejected = 0] = await asking(world, 'metadata_review');
  await decide(world, rejected, 'reject', '--set', 'notes=volume 2');
  await work();
  const [back = 0] = await asking(world, 'metadata_entry'); // it is on her desk
  await run('holding-pen', 'decide', String(back), 'submit', '--set', 'volume=2', '--as', 'cora');
  await work();
  await approveMetadata(world);

  // staged; one issue is flagged, and the batch built again without it
  await run('queue-batches');
  await work();
  await qualityControl(world, 'reject', '--reason', 'upside down');
  await qualityControl(world, 'flag', second, '--reason', 'page 2');
  await qualityControl(world, 'finalize');
  await mend(world, 'return_to_review');
  await approveMetadata(world);
  await qualityControl(world, 'approve');
  await turns(world, { first, second });
  await run('batches', 'archived', await batchThatIs(world, 'live'), '--as', 'lola');
  await work();
  // four weeks later
  await world.own.database.pool.query(`update newspapers.batches set archived_at = archived_at - interval '29 days'`);
  await run('delete-live-done-issues', '--live');
  await work();
}

/** What a batch and its issues may go through before they rest. */
async function turns(world: WholeWorld, { first, second }: { first: string; second: string }): Promise<void> {
  const { run, work } = world;
  // a batch of the flagged issue alone is taken apart
  await run('queue-batches');
  await work();
  await qualityControl(world, 'reject', '--reason', 'all wrong');
  await qualityControl(world, 'flag', second, '--reason', 'all of it');
  await qualityControl(world, 'finalize');
  await mend(world, 'remove');

  // an issue is taken out of the live batch, then the batch is taken back, and its issue comes into another
  await run('batches', 'patch', await batchThatIs(world, 'live'), '--remove', first, '--reason', 'wrong date');
  await work();
  await mend(world, 'remove');
  await run('batches', 'unpush', await batchThatIs(world, 'live'), '--reason', 'wrong organisation');
  await work();
  await run('queue-batches', '--redo');
  await work();
  await qualityControl(world, 'approve');
}

/** @returns the LCCN of a born-digital issue and of a scan; there are two more with too few pages, and a second edition */
async function uploads(world: World, marcDirectory: string): Promise<string[]> {
  const lccns: string[] = [];
  for (const day of [7, 8, 9]) {
    const made = await makeSampleUploads({
      pdfUploadPath: world.pdfUploads,
      scanUploadPath: world.scanUploads,
      marcDirectory,
      orgCode: 'tst',
      seed: day,
      bornDigital: { pages: day === 7 ? 2 : 1, date: `2024-03-0${day}` },
      scan: { pages: 2, dpi: 150, edition: day - 6 },
    });
    lccns.push(made.bornDigital[0]?.lccn ?? '', made.scans[0]?.lccn ?? '');
    if (day === 9) await rm(made.scans[0]?.directory ?? '', { recursive: true });
  }
  return lccns;
}

async function approveMetadata(world: WholeWorld): Promise<void> {
  for (const id of await asking(world, 'metadata_review')) await decide(world, id, 'approve');
  await world.work();
}

async function mend(world: WholeWorld, verb: string): Promise<void> {
  const [id = 0] = await asking(world, 'unfixable_metadata');
  await decide(world, id, verb, '--comment', 'a test');
  await world.work();
}

async function asking({ own }: World, action: string): Promise<number[]> {
  const { rows } = await own.database.pool.query<{ id: number }>(
    `select id from pipelines where status = 'held' and hold_action = $1 order by object_id`,
    [action],
  );
  return rows.map(({ id }) => id);
}

async function decide({ run }: World, id: number, verb: string, ...how: string[]): Promise<void> {
  await run('holding-pen', 'claim', String(id), '--as', 'rita');
  await run('holding-pen', 'decide', String(id), verb, ...how, '--as', 'rita');
}

async function batchThatIs({ own }: World, ...status: string[]): Promise<string> {
  const { rows } = await own.database.pool.query<{ name: string }>(
    `select full_name as name from newspapers.batches where status = any($1)`,
    [status],
  );
  expect(rows).toHaveLength(1);
  return rows[0]?.name ?? '';
}

async function qualityControl(world: WholeWorld, verb: string, ...how: string[]): Promise<void> {
  await world.run('batches', verb, await batchThatIs(world, 'qc_ready', 'qc_flagging'), ...how, '--as', 'quentin');
  await world.work();
}

/** What must be equal: paths with the sums of their content, where dates and the batches' random names are left out of both. */
async function outcomeOf(world: WholeWorld): Promise<{ files: Record<string, string>; rows: unknown }> {
  const { pool } = world.own.database;
  const { rows: batches } = await pool.query<{ name: string }>(
    `select full_name as name from newspapers.batches order by id`,
  );
  const plain = (text: string) =>
    batches
      .reduce((told, { name }, at) => told.replaceAll(name, `<batch ${at + 1}>`), text)
      .replaceAll(world.root, '<root>')
      .replaceAll(/127\.0\.0\.1:\d+/g, '<site>')
      .replaceAll(/CREATEDATE="[^"]*"/g, '');
  const files: [string, string][] = [];
  for (const entry of await readdir(world.root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || path.startsWith(join(world.root, 'var')) || entry.name === 'settings.env') continue;
    files.push([plain(path), await comparableContent(path, plain)]);
  }
  const query = async (text: string) => (await pool.query<Record<string, unknown>>(text)).rows;
  const rows = {
    pipelines: await query(
      `select object_type, object_id, name, status, hold_action, case when status = 'held' then hold_message end as hold_message, error - 'stack' as error from pipelines order by object_type, object_id, name, id`,
    ),
    jobs: await query(
      `select object_type, object_id, pipeline, sequence, type, status, error - 'stack' as error from job_list where status <> 'success' order by 1, 2, 3, 4`,
    ),
    issues: await query(
      `select i.*, null as created_at, metadata_entered_at is null as metadata_entered_at, metadata_approved_at is null as metadata_approved_at
       from newspapers.issues i order by id`,
    ),
    pages: await query(`select * from newspapers.pages order by issue_id, number`),
    batches: await query(
      `select id, full_name, version, status, location, went_live_at is null as went_live, archived_at is null as archived from newspapers.batches order by id`,
    ),
    flagged: await query(`select batch_id, issue_id, reason from newspapers.flagged_issues`),
    sets: await query(
      `select s.object_type, s.object_id, s.role, s.directory, array_agg(f.path order by f.path) as paths
       from file_sets s left join files f on f.set_id = s.id group by s.id order by 1, 2, 3`,
    ),
    events: await query(
      `select object_type, object_id, kind, count(*) from events where kind not in ('rescued', 'rescue_limit', 'retried') and detail ->> 'verb' is distinct from 'retry' and object_type in ('issue', 'batch')
       group by 1, 2, 3 order by 1, 2, 3`,
    ),
    agents: world.agents.map(({ world: { oni } }) => [...oni.batches.keys()]),
  };
  return {
    files: Object.fromEntries(files.sort()),
    rows: JSON.parse(plain(JSON.stringify(rows))),
  };
}

describe('kill -9 of the daemon after every job, and between its effect and its record', () => {
  test(
    `from upload to clean-up (KILL_EVERY=${EVERY}) ends in the same files, rows and loaded batches as an undisturbed run`,
    { timeout: 1_800_000 },
    async () => {
      const [undisturbed, stormy] = [await makeWholeWorld(false), await makeWholeWorld(true)];
      await road(undisturbed);
      const calmly = await outcomeOf(undisturbed);
      await road(stormy);
      expect(await outcomeOf(stormy)).toEqual(calmly);
      expect(stormy.kills).toBeGreaterThan(250 / EVERY);
      for (const area of ['archive', 'production'])
        for (const batch of await readdir(join(stormy.root, area)))
          expect(await validateBag(join(stormy.root, area, batch))).toMatchObject({ problems: [] });
      expect(existsSync(join(stormy.root, 'outgoing')) && (await readdir(join(stormy.root, 'outgoing')))).toEqual([]);
    },
  );
});
