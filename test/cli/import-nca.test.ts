import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dumpText } from '../newspapers/nca/dump-text.js';
import type { Site } from '../newspapers/nca/nca-tables.js';
import { makePageReview, sampleSite } from '../newspapers/nca/sample-site.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { run, type Ran } from './run-program.js';

let own: TestDatabase;
let area: string;
beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(() => own.drop());
beforeEach(async () => {
  await own.database.pool.query(
    'truncate newspapers.titles, newspapers.orgs, newspapers.batches, users, pipelines, events, file_sets restart identity cascade',
  );
  area = await temporaryDirectory();
  await makePageReview(area);
});

async function given(site: Site): Promise<string> {
  const file = join(area, 'nca.sql.gz');
  await writeFile(file, gzipSync(dumpText(site)));
  return file;
}

const bring = (...args: string[]): Promise<Ran> => run('issues', ['import-nca', ...args], { DATABASE_URL: own.url });
const countIssues = async () => (await own.database.pool.query('select from newspapers.issues')).rowCount;

describe('issues import-nca', () => {
  it('imports a dump and says what came over; a second time it refuses', async () => {
    const file = await given(sampleSite(area));
    const dry = await bring('--dump', file, '--dry-run');
    expect(dry).toMatchObject({ exitCode: 0, stderr: '' });
    expect(dry.stdout).toMatch(/This was a dry run: nothing was imported\.\n$/);
    expect(await countIssues()).toBe(0);
    const { exitCode, stdout, stderr } = await bring('--dump', file);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^OF NCA +READ +IMPORTED\norganisations \(mocs\) +2 +2\n/);
    expect(stdout).toMatch(/issues +14 +14\n/);
    expect(stdout).toMatch(/Pipelines enqueued: .*3 EnterMetadata.*; run-jobs asks their questions\.\n/);
    expect(stdout).toMatch(/Note: .*\nImported\.\n$/);
    expect(await countIssues()).toBe(14);
    await own.database.pool.query('truncate users'); // the imported ones may not import
    expect(await bring('--dump', file)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('14 issues and 6 batches here already') as string }); // prettier-ignore
  });

  it('names everything that cannot be taken over, and imports nothing', async () => {
    const site = sampleSite(area);
    site.issues.push({ id: 99, workflow_step: 'Lost' });
    site.jobs.push({ id: 3, job_type: 'page_split', status: 'pending', pipeline_id: 1 });
    const file = await given(site);
    const { exitCode, stdout, stderr } = await bring('--dump', file);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(
      /^nothing was imported\.\n1 pipelines of NCA have not ended.*\n {2}- pipeline 1 \(SFTPIssueMove\)/,
    );
    expect(stderr).toContain('  - issues 99, workflow_step "Lost": it must be one of AwaitingProcessing');
    expect(stderr).not.toContain('    at ');
    const json = await bring('--dump', file, '--json');
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ imported: false, openPipelines: [{ id: '1' }], badRows: expect.arrayContaining([expect.objectContaining({ id: '99' })]) as unknown }); // prettier-ignore
    expect(await countIssues()).toBe(0);
  });

  it("is the sysop's as soon as there are users", async () => {
    await own.database.pool.query(`insert into users (login, name, roles) values ('tester', 'T', '{"site manager"}')`);
    expect(await bring('--dump', await given(sampleSite(area)))).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('import a site') as string }); // prettier-ignore
  });

  it.each([[[]], [['--dump', 'x', '--database', 'mysql://a@b/c']], [['--dump']]])(
    '%j is wrong usage: exit code 2',
    async (args) => {
      expect(await bring(...args)).toMatchObject({ exitCode: 2, stdout: '' });
    },
  );

  it('says what is wrong with a file or an address, without a stack', async () => {
    const missing = await bring('--dump', join(area, 'none.sql'));
    expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/none\.sql cannot be read: ENOENT[^\n]*\n$/) as string }); // prettier-ignore
    const address = await bring('--database', 'mysql://nca:geheim@127.0.0.1:1/nca');
    expect(address).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^the NCA database nca at 127\.0\.0\.1:1, as nca: [^\n]*\n$/) as string }); // prettier-ignore
    expect(address.stderr).not.toContain('geheim');
  });
});
