import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatIssueKey, parseIssueKey } from '../../../src/newspapers/issue-key.js';
import { parseLccn } from '../../../src/newspapers/lccn.js';
import { findMarcFiles, readMarcFile } from '../../../src/newspapers/marc-files.js';
import { makeSampleUploads } from '../../../src/newspapers/samples/uploads.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

describe('sample uploads', () => {
  it('lie as the upload layouts demand, with a MARC record for each title (newspapers 5.1, 6.6)', async () => {
    const root = await temporaryDirectory();
    const [pdfUploadPath, scanUploadPath, marcDirectory] = ['sftp', 'scans', 'marc'].map((name) =>
      join(root, name),
    ) as [string, string, string];
    const made = await makeSampleUploads({
      pdfUploadPath,
      scanUploadPath,
      marcDirectory,
      orgCode: 'demo',
      seed: 1,
      bornDigital: { pages: 2, layout: 'pdf-per-page' },
      scan: { pages: 1, edition: 2, dpi: 150 },
    });

    expect((await readdir(root, { recursive: true })).filter((name) => /\.(pdf|tif|xml)$/.test(name)).sort()).toEqual([
      'marc/sn99999001.xml',
      'marc/sn99999002.xml',
      'scans/demo/sn99999002/1911-03-10_02/0001.pdf',
      'scans/demo/sn99999002/1911-03-10_02/0001.tif',
      'sftp/sn99999001/2024-03-07/2024-03-07-01.pdf',
      'sftp/sn99999001/2024-03-07/2024-03-07-02.pdf',
    ]);
    for (const issue of [...made.bornDigital, ...made.scans]) {
      expect(issue.files.every((file) => existsSync(file) && file.startsWith(issue.directory))).toBe(true);
      expect(parseIssueKey(formatIssueKey(issue))).toMatchObject({
        lccn: parseLccn(issue.lccn),
        edition: issue.edition,
      });
    }

    const records = await Promise.all((await findMarcFiles(marcDirectory)).sort().map(readMarcFile));
    expect(records).toEqual([
      { lccn: 'sn99999001', title: 'The Alder Landing Beacon.', place: 'Alder Landing, Or.', language: 'eng' },
      {
        lccn: 'sn99999002',
        title: 'The Port Merrow Ledger : and Harlow County advertiser.',
        place: 'Port Merrow, Or.',
        language: 'eng',
      },
    ]);
  });
});
