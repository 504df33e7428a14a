import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { closeThreads } from '../../../src/files/threads.js';
import { setIssueColumns } from '../../../src/newspapers/issues.js';
import { addOrg } from '../../../src/newspapers/orgs.js';
import { queueScans } from '../../../src/newspapers/watchers/queue-scans.js';
import { loadSettings, type Settings } from '../../../src/settings.js';
import { readableLog, rows, startRunner, until, useDatabase } from '../../engine/support.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { givenIssue, givenTitle } from '../rows.js';
import { givenFiles } from '../upload-area.js';
import { writeScanPdf } from '../uploads/scan-pdf.js';

const own = useDatabase();
const db = () => own.database.kysely;
let settings: Settings;
let area: string;
afterAll(() => closeThreads());
beforeEach(async () => {
  await own.database.pool.query('truncate newspapers.titles, newspapers.orgs cascade');
  await addOrg(db(), 'mwa', 'American Antiquarian Society');
  await givenTitle(db(), 'sn1', { orgCode: 'mwa' });
  area = await temporaryDirectory();
  await givenFiles(area, 'scans/mwa/sn1/', 'pdfs/sn1/');
  settings = {
    ...loadSettings({ file: '/dev/null', env: {} }),
    SCAN_UPLOAD_PATH: join(area, 'scans'),
    PDF_UPLOAD_PATH: join(area, 'pdfs'),
    DURATION_ISSUE_CONSIDERED_DANGEROUS: 0,
  };
});

async function givenScan(name: string, dpi = settings.SCANNED_PDF_DPI): Promise<string> {
  const directory = join(area, 'scans/mwa/sn1', name);
  await givenFiles(directory, '1.tif');
  await writeScanPdf(join(directory, '1.pdf'), { dpi });
  return directory;
}

/** Lets a runner watch once. @returns its lines */
async function watched(): Promise<Record<string, unknown>[]> {
  const { log, lines } = readableLog();
  const runner = await startRunner(own, { watchers: [queueScans], settings, queues: {}, log });
  const ended = async () =>
    (await rows(own, `select from watchers where name = 'queue_scans' and completed_at is not null`)).length === 1;
  await until('the watcher has looked', ended);
  await runner.stop(0);
  return lines;
}

const queued = () =>
  rows<{ location: string; created_by: string; name: string }>(
    own,
    `select i.location, p.name, p.created_by from newspapers.issues i join pipelines p on p.object_id = i.id order by 1`,
  );

describe('the scan watcher (newspapers spec 5.4.6)', () => {
  test('queues every scan without an error when a runner starts, also one that may be too new', async () => {
    const [one, two] = [await givenScan('1856-05-10'), await givenScan('1856-05-10_02')];
    await givenScan('1856-05-17', 300);
    await givenScan('1856-05-99');
    await watched();
    expect(await queued()).toEqual(
      [one, two].map((location) => ({ location, name: 'MakeDerivatives', created_by: 'queue_scans' })),
    );
    expect(await rows(own, 'select name, error from watchers')).toEqual([{ name: 'queue_scans', error: null }]);
  });

  test('touches nothing that changed a short time ago, and starts its clock, also of born-digital uploads', async () => {
    settings = { ...settings, DURATION_ISSUE_CONSIDERED_DANGEROUS: 3600 };
    const scan = await givenScan('1856-05-10');
    await givenFiles(area, 'pdfs/sn1/1856-05-10/1.pdf');
    await watched();
    expect(await queued()).toEqual([]);
    expect(await readdir(scan)).toContain('.manifest');
    expect(await readdir(join(area, 'pdfs/sn1/1856-05-10'))).toContain('.manifest');
  });

  test('never queues born-digital uploads', async () => {
    await givenFiles(area, 'pdfs/sn1/1856-05-10/1.pdf');
    await watched();
    expect(await queued()).toEqual([]);
  });

  test('W31: leaves a duplicate for a person, whatever its other warnings', async () => {
    const issue = await givenIssue(db(), 'sn1', { kind: 'scan', location: '/elsewhere' });
    await setIssueColumns(db(), issue.id, { workflow_step: 'InProduction' });
    await givenScan('1856-05-10');
    const lines = await watched();
    expect(await queued()).toEqual([]);
    expect(lines.map((line) => JSON.stringify(line)).join()).toMatch(/left the scan sn1\/1856051001/);
  });

  test('goes on when an area is not mounted, and says so', async () => {
    settings = { ...settings, PDF_UPLOAD_PATH: join(area, 'nothing') };
    const directory = await givenScan('1856-05-10');
    const lines = await watched();
    expect((await queued()).map(({ location }) => location)).toEqual([directory]);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 40, msg: expect.stringMatching(/PDF_UPLOAD_PATH/) as string }),
    );
  });
});
