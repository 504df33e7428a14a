/** Titles from MARC files. */
import type { Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { readMarcFile } from './marc-files.js';
import { InvalidMarc } from './marc.js';
import type { Change } from './orgs.js';
import { addTitle, type Title, type TitleExtras } from './titles.js';

export type AddedTitle = { file: string; title: Title; change: Change } | { file: string; refused: string };

/** Adds or updates the title of each file. A file that is no record is told and does not stop the others. */
export async function addTitles(db: Kysely<DB>, files: readonly string[], extras: TitleExtras): Promise<AddedTitle[]> {
  const added: AddedTitle[] = [];
  for (const file of files) {
    try {
      added.push({ file, ...(await addTitle(db, await readMarcFile(file), extras)) });
    } catch (error) {
      if (!(error instanceof InvalidMarc)) throw error;
      added.push({ file, refused: error.message });
    }
  }
  return added;
}
