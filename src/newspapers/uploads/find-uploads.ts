/** What lies in an upload area. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import type { Settings } from '../../settings.js';
import type { IssueKind } from '../workflow-step.js';
import { readCatalog } from './catalog.js';
import { findBornDigital } from './find-born-digital.js';
import { findScans } from './find-scans.js';
import type { Finding } from './upload.js';

/** The area itself is not there, or not readable: a mount that is missing must not look like "nothing to do". */
export class UploadAreaMissing extends Error {
  override name = 'UploadAreaMissing';
  constructor(
    readonly setting: 'PDF_UPLOAD_PATH' | 'SCAN_UPLOAD_PATH',
    readonly path: string,
    cause: Error,
  ) {
    super(
      `the upload area ${path} cannot be read (${cause.message}): make it or mount it, or correct ${setting} in the settings`,
      { cause },
    );
  }
}

export type UploadSettings = Pick<Settings, 'PDF_UPLOAD_PATH' | 'SCAN_UPLOAD_PATH' | 'PDF_BATCH_MARC_ORG_CODE'>;

/**
 * Finds uploads of one kind, one directory in memory at a time, with every problem that their names and places show
 * (newspapers spec 5.4 rows 1 to 14). One odd directory never ends the scan.
 *
 * @throws UploadAreaMissing
 */
export async function* findUploads(db: Kysely<DB>, kind: IssueKind, settings: UploadSettings): AsyncGenerator<Finding> {
  const setting = kind === 'borndigital' ? 'PDF_UPLOAD_PATH' : 'SCAN_UPLOAD_PATH';
  const area = settings[setting];
  await access(area, constants.R_OK | constants.X_OK).catch((error: unknown) => {
    throw new UploadAreaMissing(setting, area, error as Error); // fs rejects with errors only
  });
  const catalog = await readCatalog(db);
  yield* kind === 'borndigital'
    ? findBornDigital(area, catalog, settings.PDF_BATCH_MARC_ORG_CODE)
    : findScans(area, catalog);
}
