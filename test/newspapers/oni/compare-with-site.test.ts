/** ONI's loader passes over what it cannot read and still succeeds: we look (newspapers spec W29). */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Batch } from '../../../src/newspapers/batches/batches.js';
import { loadBatch } from '../../../src/newspapers/oni/agent-jobs.js';
import type { FakeAgent } from '../../../src/newspapers/oni/fake-agent/fake-agent.js';
import type { LoadedBatch } from '../../../src/newspapers/oni/fake-agent/fake-oni.js';
import type { FakeSite } from '../../../src/newspapers/oni/fake-agent/fake-site.js';
import type { Settings } from '../../../src/settings.js';
import {
  jobRows,
  makeDelayedDue,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
} from '../../engine/support.js';
import { enqueuedFor, givenAgent, givenBatch, givenSite, oniJobs, settingsFor } from './stage.js';

const own = useDatabase();
let agent: FakeAgent;
let site: FakeSite;
let batch: Batch;
beforeEach(async () => {
  await rows(own, 'truncate newspapers.orgs, newspapers.titles restart identity cascade');
  agent = await givenAgent();
  site = await givenSite(agent.world.oni);
  batch = await givenBatch(own, agent.world.batchSource);
});

/** Loads the batch, up to the end of the comparison's first try. */
async function loaded(more: Partial<Settings> = { STAGING_NEWS_WEBROOT: site.url }) {
  await startRunner(own, { more: oniJobs, settings: settingsFor(agent, more) });
  const id = await enqueuedFor(own, batch, loadBatch(batch.id, 'staging'));
  await until('the comparison has been tried', async () => {
    const { status, next_sequence } = await pipelineRow(own, id);
    if (status === 'success' || status === 'failed' || (status === 'delayed' && next_sequence > 20)) return true;
    // In one statement: a comparison that was put off since that look must stay so.
    await rows(own, `update pipelines set run_at = now() - interval '1 second' where id = $1 and status = 'delayed' and next_sequence <= 20`, [id]); // prettier-ignore
    return false;
  });
  return { id, row: await pipelineRow(own, id), result: (await jobRows(own, id)).at(-1)?.result };
}

const loses = (change: (issues: LoadedBatch['issues']) => LoadedBatch['issues']) => {
  agent.world.loses = (whole) => ({ ...whole, issues: change(whole.issues) });
};

describe('after a load', () => {
  test('W29: every issue and page is there; the pages of each are not asked for when the sum is right', async () => {
    const { row, result } = await loaded();
    expect(row.status).toBe('success');
    expect(result).toEqual({ compared: true, issues: 2, pages: 5 });
    expect(site.requests.sort()).toEqual([
      `/batches/${batch.fullName}.json`,
      '/lccn/sn11111111.json',
      '/lccn/sn22222222.json',
    ]);
  });

  test('W29: an issue that the loader passed over is named', async () => {
    loses((issues) => issues.slice(1));
    const { id, row } = await loaded();
    expect(row.error).toMatchObject({ name: 'SiteDiffers' });
    expect(row.error?.message).toContain(
      `${batch.fullName} as it was sent: 1 issue missing: sn11111111/1856051001. "bin/agent --site staging job-logs 1" tells why.`,
    );
    const [load] = await jobRows(own, id);
    expect(row.error?.message).toContain(
      `"bin/agent --site staging purge-batch ${batch.fullName}", and go back to the load with "bin/run-jobs goto ${id} ${load?.sequence} `,
    );
  });

  test('W29: pages that it passed over are named with their issue', async () => {
    loses(([first, ...others]) => (first ? [{ ...first, pages: 2 }, ...others] : []));
    const { row } = await loaded();
    expect(row.error?.message).toContain('other numbers of pages: sn11111111/1856051001 shows 2 of 3.');
  });

  test('W29: another issue in its place is told too, also when the pages add up', async () => {
    loses(([first, ...others]) => (first ? [{ ...first, edition: 5 }, ...others] : []));
    const { row } = await loaded();
    expect(row.error?.message).toContain(
      '1 issue missing: sn11111111/1856051001; 1 issue that we did not send: sn11111111/1856051005',
    );
  });

  test('a batch that is not there is told; it is looked for again before a person is', async () => {
    const path = `/batches/${batch.fullName}.json`;
    site.instead.set(path, { status: 404, body: '{}' });
    const { id, row } = await loaded();
    expect(row).toMatchObject({ status: 'delayed', error: { name: 'SiteDiffers' } });
    site.instead.delete(path);
    await makeDelayedDue(own);
    await untilStatus(own, id, 'success');
  });

  test('a site that is down is waited for, without a failure', async () => {
    site.instead.set(`/batches/${batch.fullName}.json`, { status: 503, body: '' });
    const { id, row } = await loaded();
    expect(row).toMatchObject({ status: 'delayed', error: { try_later: 'job' } });
    expect(row.error?.message).toContain('the site answers 503');
    expect((await jobRows(own, id)).at(-1)?.failures).toBe(0);
  });

  test('without the address of the site it is done, with the reason', async () => {
    const { row, result } = await loaded({});
    expect(row.status).toBe('success');
    expect(result).toEqual({ compared: false, reason: 'not compared: STAGING_NEWS_WEBROOT is not set' });
  });
});
