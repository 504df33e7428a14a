/** `bin/agent` as people run it, against a real SSH server (newspapers spec 7.7). */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FakeAgent } from '../../src/newspapers/oni/fake-agent/fake-agent.js';
import { useDatabase } from '../engine/support.js';
import { givenAgent, TWO_ISSUES, writeBatch } from '../newspapers/oni/stage.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { run } from './run-program.js';

const own = useDatabase();
const NAME = 'batch_mwa_20260101Name_ver01';
let fake: FakeAgent;
beforeEach(async () => {
  fake = await givenAgent();
  await writeBatch(join(fake.world.batchSource, NAME), TWO_ISSUES);
});

const agent = (...args: string[]) =>
  run('agent', args, {
    DATABASE_URL: own.url,
    STAGING_AGENT: fake.address,
    STAGING_AGENT_HOST_KEY: fake.fingerprint,
  });
const staging = (...args: string[]) => agent('--site', 'staging', ...args);
const first = () => `the staging agent ${fake.address}, version fake 1.0\n`;

async function marc(): Promise<string> {
  const file = join(await temporaryDirectory(), 'marc.xml');
  const field = (tag: string, text: string) =>
    `<datafield tag="${tag}"><subfield code="a">${text}</subfield></datafield>`;
  await writeFile(file, `<record>${field('010', 'sn11111111')}${field('245', 'Daily News')}</record>`);
  return file;
}

describe('bin/agent', () => {
  it('says first which version answers', async () => {
    expect(await staging('version')).toEqual({ exitCode: 0, stderr: '', stdout: first() });
  });

  it(
    'ensures an awardee, loads a batch, tells of the job and its logs, purges and waits',
    { timeout: 120_000 },
    async () => {
      expect((await staging('ensure-awardee', 'mwa', 'Antiquarians')).stdout).toBe(`${first()}Awardee created\n`);
      expect((await staging('load-batch', NAME)).stdout).toBe(
        `${first()}${NAME} is queued as job 1; "bin/agent --site staging job-status 1" tells how it gets on\n`,
      );
      await fake.world.queue.idle();
      expect((await staging('job-status', '1')).stdout).toMatch(/\njob 1 \(load_batch .*\) is successful\n$/);
      expect((await staging('list-jobs')).stdout).toMatch(/\njob 1 \(load_batch .*\) is successful\n$/);
      expect((await staging('job-logs', '1')).stdout).toContain('loaded issue: sn11111111 1856-05-10_1');
      expect((await staging('load-batch', NAME)).stdout).toContain('is loaded already: nothing to do');
      const purged = await staging('purge-batch', NAME);
      expect(purged).toMatchObject({ exitCode: 0 });
      expect(purged.stdout).toMatch(/job 2 \(purge_batch .*\) is successful\n$/);
      expect((await staging('purge-batch', NAME)).stdout).toContain('nothing to do');
    },
  );

  it('loads a title and waits; a job that fails ends it with exit code 1 and the log', async () => {
    expect(await staging('load-title', await marc())).toMatchObject({ exitCode: 0 });
    expect([...fake.world.oni.titles.keys()]).toEqual(['sn11111111']);
    fake.world.failures.push('solr is down');
    const failed = await staging('load-title', await marc());
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toMatch(/is failed: exit status 1\n.*solr is down\n$/);
    const none = await staging('load-title', '/etc/hostname');
    expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is no MARC record') as string });
  });

  it('prints one object for machines', async () => {
    const { stdout } = await staging('load-batch', NAME, '--json');
    expect(JSON.parse(stdout)).toEqual({ site: 'staging', agent: fake.address, version: 'fake 1.0', job: 1 });
  });

  it('names what is missing or wrong', async () => {
    expect(await agent('version')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--site') as string });
    expect((await agent('--site', 'live', 'version')).exitCode).toBe(2);
    expect((await agent('--site', 'production', 'version')).stderr).toContain('PRODUCTION_AGENT=host:port');
    const refused = await staging('job-status', '7');
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Job not found') as string });
  });
});
