/** `issues metadata`: what is known as JSON, and the metadata of many issues from a file (newspapers spec 9). */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { closeThreads } from '../../src/files/threads.js';
import type { Issue } from '../../src/newspapers/issues.js';
import type { Settings } from '../../src/settings.js';
import { rows, useDatabase } from '../engine/support.js';
import { givenPlaces, standing, startIntakeRunner } from '../newspapers/intake-stage.js';
import { asked, claimIt, givenPeople, givenQuestioned, usePages, told } from '../newspapers/metadata/stage.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { run } from './run-program.js';

const own = useDatabase();
const pages = usePages();
let settings: Settings;
let directory: string;
afterAll(() => closeThreads());
beforeEach(async () => {
  await rows(own, 'truncate newspapers.titles, newspapers.orgs restart identity cascade');
  ({ settings } = await givenPlaces());
  directory = await temporaryDirectory();
  await givenPeople(own);
});

const metadata = (...args: string[]) => run('issues', ['metadata', ...args], { DATABASE_URL: own.url });
async function file(name: string, text: string | Uint8Array): Promise<string> {
  await writeFile(join(directory, name), text);
  return join(directory, name);
}
/** Issues of one title, of the first days of a month, that wait for their metadata. */
async function givenIssues(count: number): Promise<Issue[]> {
  const runner = await startIntakeRunner(own, settings);
  const issues: Issue[] = [];
  for (let day = 1; day <= count; day++)
    issues.push(await givenQuestioned(own, settings, pages, { lccn: 'sn1', date: `1856-05-0${day}` }));
  await runner.stop(0); // what is submitted stays so, to be looked at
  return issues;
}
const decided = (issue: Issue) => told(own, issue, 'decided');

describe('a file', () => {
  it('is submitted line by line: the valid ones through the holding pen, the others named with line and reason', async () => {
    const [one, two, three, four, five] = (await givenIssues(5)) as [Issue, Issue, Issue, Issue, Issue];
    await startIntakeRunner(own, settings).then(async (runner) => {
      await claimIt(own, three, 'both');
      await claimIt(own, four, 'cora');
      await runner.stop(0);
    });
    const csv = await file(
      'entered.csv',
      [
        '\uFEFFissue,volume,issueNumber,labels,editionLabel,comment',
        `${one.key},12,3,"1,2,",,"said ""so"", twice"`,
        `${two.key},,3,"1,2",,`,
        '',
        `${three.key},12,3,"1,2,3",,`,
        `${four.id},12,0,"[""1"",""2,a"",""0""]",Evening,`,
        'sn1/1999010101,1,1,"1,2,3",,',
        `${five.key},1,1,"1,2,3",,`,
        `${five.key},2,1,"1,2,3",,`,
        ',1,1,"1,2,3",,',
        'rubbish,1,1,"1,2,3",,',
      ].join('\r\n'),
    );
    const { exitCode, stdout, stderr } = await metadata('--from', csv, '--as', 'cora');
    const pipeline = async (issue: Issue) => (await standing(own, issue)).id;
    expect(stdout.split('\n')).toEqual([
      `line 2, ${one.key}: submitted (pipeline ${await pipeline(one)})`,
      `line 6, ${four.id}: submitted (pipeline ${await pipeline(four)})`,
      '2 submitted, 7 not.',
      '',
    ]);
    expect(stderr.trimEnd().split('\n')).toEqual([
      `line 3, ${two.key}: volume: it is missing: 0 when none is printed; labels: 2 of 3 pages have a label: give one for each, 0 for none`,
      expect.stringMatching(new RegExp(`^line 5, ${three.key}: pipeline \\d+ is claimed by both until`)),
      'line 7, sn1/1999010101: there is no such issue in the workflow',
      `line 8, ${five.key}: it is also in line 9: say it once`,
      `line 9, ${five.key}: it is also in line 8: say it once`,
      'line 10: it does not say which issue: its key or number',
      expect.stringContaining('line 11, rubbish: "rubbish": not a full issue key'),
    ]);
    expect(exitCode).toBe(1);
    expect(await decided(one)).toMatchObject([
      { actor: 'cora', detail: { verb: 'submit', params: { volume: '12', labels: ['1', '2', ''], comment: 'said "so", twice' } } }, // prettier-ignore
    ]);
    for (const untouched of [two, five]) {
      expect(await told(own, untouched, 'decided', 'claimed', 'metadata_saved')).toEqual([]);
      expect(await rows(own, 'select assignee from pipelines where object_id = $1', [untouched.id])).toEqual([
        { assignee: null },
      ]);
    }
    await startIntakeRunner(own, settings);
    for (const submitted of [one, four]) await asked(own, submitted, 'metadata_review');
    expect(await told(own, four, 'metadata_submitted')).toMatchObject([{ actor: 'cora', detail: { metadata: { editionLabel: 'Evening', labels: ['1', '2,a', '0'] } } }]); // prettier-ignore
  });

  it('in a dry run says the same and changes nothing', async () => {
    const [one, two] = (await givenIssues(2)) as [Issue, Issue];
    const before = await rows(own, 'select * from pipelines order by id');
    const json = await file(
      'entered.json',
      JSON.stringify([
        { issue: one.key, volume: 1, issueNumber: 2, labels: ['1', null, '3'] },
        { issue: two.key, volume: 1, issueNumber: 2, labels: [1, 2, 3] },
      ]),
    );
    const ran = await metadata('--from', json, '--dry-run', '--as', 'cora', '--json');
    expect({ ...ran, stdout: JSON.parse(ran.stdout) as unknown }).toEqual({
      exitCode: 1,
      stderr: '',
      stdout: [
        { where: 'entry 1', issue: one.key, outcome: 'refused', reason: 'labels: page 2 has no label yet: give it, 0 if none is printed' }, // prettier-ignore
        { where: 'entry 2', issue: two.key, outcome: 'valid', pipelineId: (await standing(own, two)).id },
      ],
    });
    expect(await rows(own, 'select * from pipelines order by id')).toEqual(before);
    expect(await rows(own, 'select from decisions')).toEqual([]);
    const text = await metadata('--from', json, '--dry-run', '--as', 'cora');
    expect(text.stdout).toMatch(/^entry 2, .*: valid \(pipeline \d+\)\n1 would be submitted, 1 not\.\n$/);
  });

  it('says what it cannot submit because somebody was faster, or warns', async () => {
    const [one, two] = (await givenIssues(2)) as [Issue, Issue];
    const line = { volume: '1', issueNumber: '2', labels: '1,2,3' };
    const json = await file('a.json', JSON.stringify([{ issue: one.key, ...line }, { issue: two.key, ...line, date: one.date }])); // prettier-ignore
    const first = await metadata('--from', json, '--as', 'cora');
    expect(first.stderr).toBe(
      `entry 2, ${two.key}: ${one.key} is in the workflow already, as issue ${one.id} (ReadyForMetadataEntry); if this is right, submit with acceptWarnings=true\n`,
    );
    const again = await metadata('--from', json, '--as', 'cora');
    expect(again.stderr).toContain(
      `entry 1, ${one.key}: it was answered already (cora, submit): wait for run-jobs, which carries that out`,
    );
  });

  it.each<[string, string | Uint8Array, string]>([
    ['a.csv', 'issue,volum\nsn1/1856050101,1', `unknown columns: "volum" (did you mean volume?)`],
    ['a.csv', 'volume\n1', 'does not have the column issue'],
    ['a.csv', 'issue,volume,volume\na,1,2', 'has the column volume twice'],
    ['a.csv', 'issue,volume\na,1,2', 'it is no CSV'],
    ['a.csv', '', 'it is empty'],
    ['a.csv', new Uint8Array([0x69, 0xe9]), 'it is no UTF-8'],
    ['a.json', '[1', 'it is no JSON'],
    ['a.json', '[1]', 'entry 1 is no object'],
    ['a.json', '[{"issue": "a", "volum": 1}]', 'entry 1 has unknown columns: "volum"'],
  ])('%s with %j is refused whole', async (name, text, message) => {
    const path = await file(name, text);
    const { exitCode, stdout, stderr } = await metadata('--from', path, '--as', 'cora');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(`${path}: `);
    expect(stderr).toContain(message);
  });

  it('is for those who may enter metadata', async () => {
    const path = await file('a.csv', 'issue\n');
    expect(await metadata('--from', path, '--as', 'rita')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^rita may not enter metadata/) as string,
    });
    expect(await metadata('--from', join(directory, 'none.csv'), '--as', 'cora')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /none\.csv cannot be read \(ENOENT.*: give the path of a CSV or JSON file/,
      ) as string,
    });
  });
});

describe('what is known', () => {
  it('is printed as JSON that --from takes, drafts with it', async () => {
    const [one] = (await givenIssues(1)) as [Issue];
    const { stdout } = await metadata(one.key);
    expect(JSON.parse(stdout)).toEqual([
      {
        issue: one.key,
        date: one.date,
        dateAsLabeled: one.date,
        volume: '',
        issueNumber: '',
        edition: 1,
        editionLabel: '',
        labels: [null, null, null],
        comment: '',
      },
    ]);
    await startIntakeRunner(own, settings);
    await claimIt(own, one, 'cora');
    const asCora = ['--as', 'cora'];
    const pen = (...args: string[]) => run('holding-pen', [...args, ...asCora], { DATABASE_URL: own.url });
    const first = await standing(own, one);
    const drafted = await pen('decide', String(first.id), 'draft', '--set', 'volume=7', '--set', 'labels=1,2,');
    expect(drafted).toMatchObject({ exitCode: 0, stderr: '' });
    await asked(own, one, 'metadata_entry', first);
    const now = JSON.parse((await metadata(one.key)).stdout) as Record<string, unknown>[];
    expect(now).toMatchObject([{ volume: '7', labels: ['1', '2', ''] }]);
    const path = await file('it.json', JSON.stringify([{ ...now[0], issueNumber: '4' }]));
    expect(await metadata('--from', path, ...asCora)).toMatchObject({ exitCode: 0, stderr: '' });
    await asked(own, one, 'metadata_review');
    expect(JSON.parse((await metadata(one.key)).stdout)).toMatchObject([{ issueNumber: '4', labels: ['1', '2', '0'] }]);
    const shown = await run('issues', ['show', one.key], { DATABASE_URL: own.url });
    expect(shown.stdout).toMatch(/\nmetadata +volume 7, number 4, edition 1\nentered +by cora, /);
    expect(shown.stdout.replace(/ {2,}/g, ' ')).toMatch(
      /enqueued a pipeline: EnterMetadata \d+\n[\s\S]*cora claimed the question[\s\S]*cora answered a question: draft[\s\S]*cora kept a draft of the metadata: volume, labels[\s\S]*cora answered a question: submit[\s\S]*cora entered the metadata and sent it to review[\s\S]*ended a pipeline: EnterMetadata[\s\S]*enqueued a pipeline: ReviewMetadata/,
    );
  });

  it.each([[[]], [['sn1/1856050101', '--from', 'a.csv']], [['sn1/1856050101', '--dry-run']]])(
    '%j is wrong usage: exit code 2',
    async (args) => {
      expect(await metadata(...args)).toMatchObject({ exitCode: 2, stdout: '' });
    },
  );

  it('of an issue that is not there', async () => {
    expect(await metadata('sn1/1999010101')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('there is no issue sn1/1999010101') as string,
    });
  });
});
