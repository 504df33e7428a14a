/** Batches on their way through their pipelines, with a runner in this process and two fake agents, for tests. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Json } from '../../../src/database/database.js';
import { createRegistry } from '../../../src/engine/registry.js';
import type { Runner } from '../../../src/engine/runner/runner.js';
import { recordFiles } from '../../../src/files/fixity/file-records.js';
import { fileJobs } from '../../../src/files/jobs.js';
import { metsName } from '../../../src/newspapers/batch-files/layout.js';
import { findBatchById, type Batch } from '../../../src/newspapers/batches/batches.js';
import { decideBatch } from '../../../src/newspapers/batches/decide-batch.js';
import { queueBatches } from '../../../src/newspapers/batches/queue-batches.js';
import { issueObject, setIssueColumns, type Issue } from '../../../src/newspapers/issues.js';
import { startFakeAgent, type FakeAgent } from '../../../src/newspapers/oni/fake-agent/fake-agent.js';
import { newspaperActions, newspaperJobs, newspaperObjects } from '../../../src/newspapers/registration.js';
import type { Settings } from '../../../src/settings.js';
import { makeDelayedDue, rows, startRunner, testSettings, until } from '../../engine/support.js';
import type { TestDatabase } from '../../support/database.js';
import { freePort } from '../../support/ports.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { allJobs } from '../intake-stage.js';
import { givenReady } from './ready.js';

export const registry = createRegistry({
  jobs: [...fileJobs, ...newspaperJobs],
  actions: newspaperActions,
  objects: newspaperObjects,
});

/** A site with places of its own, and an agent of each of staging and production. */
export interface Site {
  own: TestDatabase;
  root: string;
  settings: Settings;
  staging: FakeAgent;
  production: FakeAgent;
}

/** The same on a database without organisations, titles, file records and host keys. */
export async function givenCleanSite(own: TestDatabase): Promise<Site> {
  await rows(
    own,
    'truncate newspapers.orgs, newspapers.titles, newspapers.agent_host_keys, file_sets restart identity cascade',
  );
  return givenSite(own);
}

export async function givenSite(own: TestDatabase, more: Partial<Settings> = {}): Promise<Site> {
  const root = await temporaryDirectory();
  const production = join(root, 'production');
  const agent = async () => {
    const started = await startFakeAgent({
      port: await freePort(), // it is had again after a restart
      batchSource: production,
      checkForOni: () => Promise.resolve([]),
    });
    onTestFinished(() => started.stop());
    return started;
  };
  const [one, two] = [await agent(), await agent()];
  const settings: Settings = {
    ...testSettings,
    WORKFLOW_PATH: join(root, 'workflow'),
    BATCH_OUTPUT_PATH: join(root, 'outgoing'),
    BATCH_PRODUCTION_PATH: production,
    BATCH_ARCHIVE_PATH: join(root, 'archive'),
    STAGING_AGENT: { host: one.host, port: one.port },
    STAGING_AGENT_HOST_KEY: one.fingerprint,
    PRODUCTION_AGENT: { host: two.host, port: two.port },
    PRODUCTION_AGENT_HOST_KEY: two.fingerprint,
    ...more,
  };
  for (const path of ['workflow', 'outgoing', 'production', 'archive']) await mkdir(join(root, path));
  return { own, root, settings, staging: one, production: two };
}

/** A ready issue with small files of its own, recorded. */
export async function givenIssueWithFiles(
  { own, settings }: Pick<Site, 'own' | 'settings'>,
  more: { lccn?: string; edition?: number; date?: string } = {},
): Promise<Issue> {
  const db = own.database.kysely;
  const issue = await givenReady(db, { pages: 1, ...more });
  const location = join(settings.WORKFLOW_PATH, issue.humanName);
  await mkdir(location);
  const mets = metsName(issue);
  const contents: Record<string, string> = {
    '0001.pdf': `PDF of ${issue.key}`,
    '0001.jp2': `JP2 of ${issue.key}`,
    '0001.xml': `<alto>${issue.key}</alto>`,
    '0001.tif': `TIFF of ${issue.key}`,
    'original.tar': `upload of ${issue.key}`,
    [mets]: metsOf(issue),
  };
  const record = (names: string[]) =>
    names.map((path) => {
      const content = contents[path] ?? '';
      return { path, size: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex') };
    });
  for (const [name, content] of Object.entries(contents)) await writeFile(join(location, name), content);
  await setIssueColumns(db, issue.id, { location });
  await db.transaction().execute(async (trx) => {
    const set = { object: issueObject(issue.id), directory: location, pipelineId: null };
    const others = Object.keys(contents).filter((name) => name !== mets);
    await recordFiles(trx, { ...set, role: 'page', files: record(others) });
    await recordFiles(trx, { ...set, role: 'mets', files: record([mets]) });
  });
  return { ...issue, location };
}

const metsOf = ({ lccn, date, edition }: Issue): string => `<?xml version="1.0"?>
<mets xmlns="http://www.loc.gov/METS/" xmlns:mods="http://www.loc.gov/mods/v3"><mods:mods>
  <mods:identifier type="lccn">${lccn}</mods:identifier>
  <mods:detail type="edition"><mods:number>${edition}</mods:number></mods:detail>
  <mods:dateIssued encoding="iso8601">${date}</mods:dateIssued></mods:mods>
  <div TYPE="np:issue"><div TYPE="np:page"/></div></mets>`;

export const startBatchRunner = ({ own, settings }: Site, seen?: Set<string>): Promise<Runner> =>
  startRunner(own, { more: allJobs(seen), settings });

/** Makes one batch of all that is ready. */
export async function queueOne({ own, settings }: Site): Promise<Batch> {
  const options = { redo: false, sizes: { min: 1, max: 10_000 }, dryRun: false, actor: 'bob' };
  for await (const event of queueBatches(own.database.kysely, settings, options)) {
    if (event.event === 'batch') return event.batch;
    throw new Error(`no batch, but ${JSON.stringify(event)}`);
  }
  throw new Error('nothing is ready');
}

export async function reread({ own }: Pick<Site, 'own'>, batch: Batch): Promise<Batch> {
  const now = await findBatchById(own.database.kysely, batch.id);
  if (!now) throw new Error('the batch is gone');
  return now;
}

export interface BatchStanding {
  id: number;
  name: string;
  status: string;
  hold_action: string | null;
  hold_message: string | null;
  hold_rev: number;
  is_answered: boolean;
  error: { message: string } | null;
}

/** The newest pipeline of a batch. */
export async function standing({ own }: Pick<Site, 'own'>, batch: Batch): Promise<BatchStanding> {
  const [row] = await rows<BatchStanding>(
    own,
    `select id::int, name, status, hold_action, hold_message, hold_rev, decision_rev is not distinct from hold_rev as is_answered, error
     from pipelines where object_type = 'batch' and object_id = $1 order by id desc limit 1`,
    [batch.id],
  );
  if (!row) throw new Error('the batch has no pipeline');
  return row;
}

/** Waits until a batch asks that, having put off nothing. @throws Error when a pipeline of it fails */
export async function untilBatchAsks(site: Site, batch: Batch, action: string, afterRev = 0): Promise<BatchStanding> {
  let now = await standing(site, batch);
  await until(
    `${batch.fullName} asks ${action}`,
    async () => {
      await makeDelayedDue(site.own);
      now = await standing(site, batch);
      if (now.status === 'failed') throw new Error(`${now.name} failed: ${JSON.stringify(now.error)}`);
      return now.status === 'held' && now.hold_action === action && !now.is_answered && now.hold_rev > afterRev;
    },
    60,
  );
  return now;
}

/** Waits until the batch has that status and no pipeline is open. */
export async function untilBatchIs(site: Site, batch: Batch, status: string): Promise<Batch> {
  await until(
    `${batch.fullName} is ${status}`,
    async () => {
      await makeDelayedDue(site.own);
      const now = await standing(site, batch);
      if (now.status === 'failed') throw new Error(`${now.name} failed: ${JSON.stringify(now.error)}`);
      return (await reread(site, batch)).status === status && now.status === 'success';
    },
    60,
  );
  return reread(site, batch);
}

/** @param saying what its error must say */
export async function untilBatchFails(site: Site, batch: Batch, saying = ''): Promise<void> {
  await until(
    `${batch.fullName} fails: ${saying}`,
    async () => {
      await makeDelayedDue(site.own);
      const { status, error } = await standing(site, batch);
      return status === 'failed' && (error?.message ?? '').includes(saying);
    },
    60,
  );
}

/** Makes a batch of so many new issues and brings it to quality control. */
export async function batchAtQc(site: Site, count: number): Promise<{ batch: Batch; issues: Issue[] }> {
  const issues: Issue[] = [];
  for (let edition = 1; edition <= count; edition++)
    issues.push(await givenIssueWithFiles(site, { lccn: 'sn12345678', edition }));
  const batch = await queueOne(site);
  await untilBatchAsks(site, batch, 'batch_qc');
  return { batch, issues };
}

export const decided = (
  { own }: Pick<Site, 'own'>,
  batch: Batch,
  action: string,
  verb: string,
  params: Json = {},
  actor = 'ann',
): Promise<{ pipelineId: number }> =>
  decideBatch(own.database.kysely, registry, batch, { action, verb, params, actor, via: 'cli' }, { waitSeconds: 30 });

/** Rejects a batch and flags these of its issues. */
export async function rejectAndFlag(site: Site, batch: Batch, flagged: readonly Issue[]): Promise<void> {
  await decided(site, batch, 'batch_qc', 'reject', { reason: 'upside down' });
  const asked = await untilBatchAsks(site, batch, 'batch_flagging');
  if (flagged.length === 0) return;
  const issue = flagged.map(({ key }) => key).join(' ');
  await decided(site, batch, 'batch_flagging', 'flag', { issue, reason: 'page 1 is upside down' });
  await untilBatchAsks(site, batch, 'batch_flagging', asked.hold_rev);
}
