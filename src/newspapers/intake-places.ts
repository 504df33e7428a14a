import { join } from 'node:path';
import type { Settings } from '../settings.js';

/** Everywhere that an intake brings the files of an issue to, beside its upload place. */
export interface WorkPlaces {
  work: string;
  /** Of born-digital issues, as all that follow. */
  split: string;
  backup: string;
  review: string;
}

export type IntakePlaces = WorkPlaces & { upload: string };

export type PlaceSettings = Pick<Settings, 'WORKFLOW_PATH' | 'ORIGINAL_PDF_BACKUP_PATH' | 'PDF_PAGE_REVIEW_PATH'>;

/** Where an issue's files are worked on, by its human name. */
export const workPlaces = (humanName: string, settings: PlaceSettings): WorkPlaces => ({
  work: join(settings.WORKFLOW_PATH, humanName),
  split: join(settings.WORKFLOW_PATH, `.split-${humanName}`),
  backup: join(settings.ORIGINAL_PDF_BACKUP_PATH, humanName),
  review: join(settings.PDF_PAGE_REVIEW_PATH, humanName),
});
