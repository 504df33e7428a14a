/** Fills the two upload areas with sample issues (newspapers 5.1), for the demo, the tests and the bench. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeBornDigitalIssue, type BornDigitalRequest, type SampleIssue } from './born-digital-issue.js';
import { sampleMarc } from './sample-marc.js';
import { ALDER_LANDING_BEACON, PORT_MERROW_LEDGER, type SampleTitle } from './sample-titles.js';
import { makeScannedIssue, type ScannedRequest } from './scanned-issue.js';

export interface UploadsRequest {
  pdfUploadPath: string;
  scanUploadPath: string;
  /** Gets `<LCCN>.xml` for each title. */
  marcDirectory: string;
  /** MARC org code: the directory of the scans. */
  orgCode: string;
  seed: string | number;
  bornDigital?: {
    title?: SampleTitle;
    date?: string;
    pages?: number;
    layout?: NonNullable<BornDigitalRequest['layout']>;
  };
  scan?: { title?: SampleTitle; date?: string; edition?: number } & Partial<
    Pick<ScannedRequest, 'pages' | 'dpi' | 'bits' | 'pdfDpi'>
  >;
}

export interface UploadedIssue extends SampleIssue {
  title: SampleTitle;
  lccn: string;
  /** YYYY-MM-DD. */
  date: string;
  edition: number;
  directory: string;
}

export interface SampleUploads {
  bornDigital: UploadedIssue[];
  scans: UploadedIssue[];
}

/**
 * Lays out `PDF_UP/<LCCN>/<date>/*.pdf` and `SCAN_UP/<org>/<LCCN>/<date>[_EE]/NNNN.{tif,pdf}`: one issue each, 8 pages
 * born-digital and 4 scanned at 300 dpi unless told otherwise.
 */
export async function makeSampleUploads(request: UploadsRequest): Promise<SampleUploads> {
  const { pdfUploadPath, scanUploadPath, marcDirectory, orgCode, seed } = request;
  const {
    title = ALDER_LANDING_BEACON,
    date = '2024-03-07',
    pages = 8,
    layout = 'one-pdf',
  } = request.bornDigital ?? {};
  const {
    title: scanTitle = PORT_MERROW_LEDGER,
    date: scanDate = '1911-03-10',
    edition = 1,
    pages: scanPages = 4,
    dpi = 300,
    ...scanOptions
  } = request.scan ?? {};

  await mkdir(marcDirectory, { recursive: true });
  for (const each of new Set([title, scanTitle]))
    await writeFile(join(marcDirectory, `${each.lccn}.xml`), sampleMarc(each));

  const pdfDirectory = join(pdfUploadPath, title.lccn, date);
  const scanName = edition === 1 ? scanDate : `${scanDate}_${String(edition).padStart(2, '0')}`;
  const scanDirectory = join(scanUploadPath, orgCode, scanTitle.lccn, scanName);
  const [bornDigital, scanned] = await Promise.all([
    makeBornDigitalIssue({ directory: pdfDirectory, title, date, pages, seed, layout }),
    makeScannedIssue({
      directory: scanDirectory,
      title: scanTitle,
      date: scanDate,
      pages: scanPages,
      seed,
      dpi,
      ...scanOptions,
    }),
  ]);
  return {
    bornDigital: [{ ...bornDigital, title, lccn: title.lccn, date, edition: 1, directory: pdfDirectory }],
    scans: [{ ...scanned, title: scanTitle, lccn: scanTitle.lccn, date: scanDate, edition, directory: scanDirectory }],
  };
}
