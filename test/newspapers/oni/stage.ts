/** Agents, sites and batches for tests: a fake agent over real SSH, a fake site over real HTTP. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { JobCall } from '../../../src/engine/job.js';
import { batchObject, theBatch, type Batch } from '../../../src/newspapers/batches/batches.js';
import { compareWithSite } from '../../../src/newspapers/jobs/compare-with-site.js';
import { oniLoadBatch } from '../../../src/newspapers/jobs/oni-load-batch.js';
import { oniPurgeBatch } from '../../../src/newspapers/jobs/oni-purge-batch.js';
import { oniWaitForJob } from '../../../src/newspapers/jobs/oni-wait-for-job.js';
import { dateEdition } from '../../../src/newspapers/issue-key.js';
import {
  startFakeAgent,
  type FakeAgent,
  type FakeAgentOptions,
} from '../../../src/newspapers/oni/fake-agent/fake-agent.js';
import { startFakeSite, type FakeSite } from '../../../src/newspapers/oni/fake-agent/fake-site.js';
import type { FakeOni } from '../../../src/newspapers/oni/fake-agent/fake-oni.js';
import { setPageCount } from '../../../src/newspapers/pages.js';
import type { Settings } from '../../../src/settings.js';
import { enqueuedOne, rows, testSettings } from '../../engine/support.js';
import type { TestDatabase } from '../../support/database.js';
import { freePort } from '../../support/ports.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { givenIssue } from '../rows.js';

/** All jobs of this part. */
export const oniJobs = [oniLoadBatch, oniPurgeBatch, oniWaitForJob, compareWithSite];

/** An agent that loads whatever its own validation lets pass; Open ONI's rules have their own tests. */
export async function givenAgent(options: Partial<FakeAgentOptions> = {}): Promise<FakeAgent> {
  const agent = await startFakeAgent({
    port: await freePort(), // it is had again after a restart
    batchSource: await temporaryDirectory(),
    checkForOni: () => Promise.resolve([]),
    ...options,
  });
  onTestFinished(() => agent.stop());
  return agent;
}

export async function givenSite(oni: FakeOni, pageSize = 25): Promise<FakeSite> {
  const site = await startFakeSite({ oni, pageSize });
  onTestFinished(() => site.stop());
  return site;
}

/** Settings that name that agent as staging's, its key pinned. */
export const settingsFor = ({ host, port, fingerprint }: FakeAgent, more: Partial<Settings> = {}): Settings => ({
  ...testSettings,
  STAGING_AGENT: { host, port },
  STAGING_AGENT_HOST_KEY: fingerprint,
  ...more,
});

/** An issue of a batch. */
export interface GivenIssue {
  lccn: string;
  date: string;
  edition?: number;
  pages: number;
}

export const TWO_ISSUES: readonly GivenIssue[] = [
  { lccn: 'sn11111111', date: '1856-05-10', pages: 3 },
  { lccn: 'sn22222222', date: '1856-05-17', edition: 2, pages: 2 },
];

let batches = 0;

/** A batch in the database, of the organisation "mwa", and as directory below `batchSource`. */
export async function givenBatch(
  own: TestDatabase,
  batchSource: string,
  issues: readonly GivenIssue[] = TWO_ISSUES,
): Promise<Batch> {
  const { kysely } = own.database;
  const name = `20260101Stage${++batches}`;
  const fullName = `batch_mwa_${name}_ver01`;
  const made = await Promise.all(
    issues.map(({ lccn, date, edition = 1 }) =>
      givenIssue(kysely, lccn, { date, edition, location: `/x/${lccn}/${date}` }),
    ),
  );
  const [row] = await rows<{ id: number }>(
    own,
    `insert into newspapers.batches (org_id, name, full_name) select id, $1, $2 from newspapers.orgs where code = 'mwa' returning id::int`,
    [name, fullName],
  );
  const id = row?.id ?? 0;
  for (const [i, issue] of made.entries()) {
    await rows(own, 'update newspapers.issues set batch_id = $1 where id = $2', [id, issue.id]);
    await setPageCount(kysely, issue.id, issues[i]?.pages ?? 0);
  }
  await writeBatch(join(batchSource, fullName), issues);
  return theBatch(kysely, id);
}

/** What an agent reads of a batch. */
export async function writeBatch(directory: string, issues: readonly GivenIssue[]): Promise<void> {
  const paths = issues.map(({ lccn, date, edition = 1 }) => {
    const name = dateEdition(date, edition);
    return `${lccn}/print/${name}/${name}.xml`;
  });
  for (const [i, issue] of issues.entries()) {
    const file = join(directory, 'data', paths[i] ?? '');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, mets(issue));
  }
  const listed = paths.map((path) => `<issue>${path}</issue>`).join('');
  await mkdir(join(directory, 'data'), { recursive: true });
  await writeFile(join(directory, 'data/batch.xml'), `<batch xmlns="http://www.loc.gov/ndnp">${listed}</batch>`);
}

const mets = ({ lccn, date, edition = 1, pages }: GivenIssue): string => `<?xml version="1.0"?>
<mets xmlns="http://www.loc.gov/METS/" xmlns:mods="http://www.loc.gov/mods/v3"><mods:mods>
  <mods:identifier type="lccn">${lccn}</mods:identifier>
  <mods:detail type="volume"><mods:number>7</mods:number></mods:detail>
  <mods:detail type="edition"><mods:number>${edition}</mods:number></mods:detail>
  <mods:dateIssued encoding="iso8601">${date}</mods:dateIssued></mods:mods>
  <div TYPE="np:issue">${'<div TYPE="np:page"/>'.repeat(pages)}</div></mets>`;

/** Enqueues jobs about a batch. */
export const enqueuedFor = (own: TestDatabase, batch: Batch, jobs: JobCall[]): Promise<number> =>
  enqueuedOne(own, { name: 'Test', description: batch.fullName, object: batchObject(batch.id), jobs });

/** The commands that an agent was given, without those that only look. */
export const orders = ({ asked }: FakeAgent): string[] =>
  asked.map(([command = '']) => command).filter((command) => /^(load|purge|ensure)/.test(command));

/** What the database keeps of requests to agents, oldest first. */
export const requests = (own: TestDatabase) =>
  rows<{ action: string; status: string; job_id: number | null }>(
    own,
    'select action, status, job_id::int from newspapers.agent_jobs order by id',
  );
