import { join } from 'node:path';
import { wipOf } from '../../files/move.js';
import type { Settings } from '../../settings.js';

/** The directories that a batch may have, by its full name (newspapers spec 5.8). */
export interface BatchPlaces {
  /** Where it is built, until its batch.xml is written. */
  building: string;
  /** The full batch. */
  output: string;
  /** What the sites read: without TIFFs and original uploads. */
  live: string;
  /** The live copy while it is made. */
  livePart: string;
  archive: string;
}

export type BatchPlaceSettings = Pick<Settings, 'BATCH_OUTPUT_PATH' | 'BATCH_PRODUCTION_PATH' | 'BATCH_ARCHIVE_PATH'>;

export function batchPlaces(fullName: string, settings: BatchPlaceSettings): BatchPlaces {
  const output = join(settings.BATCH_OUTPUT_PATH, fullName);
  const live = join(settings.BATCH_PRODUCTION_PATH, fullName);
  return {
    building: wipOf(output),
    output,
    live,
    livePart: wipOf(live),
    archive: join(settings.BATCH_ARCHIVE_PATH, fullName),
  };
}
