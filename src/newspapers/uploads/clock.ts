/** Since when uploads are as they are (newspapers spec 5.4.4): NCA's `.manifest` says it, or the database where none can be written. */
import { createHash } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { lastModified, type Manifest } from '../../files/manifest.js';

/** Clocks of uploads that nobody has seen for this long are forgotten. */
const FORGET_AFTER_DAYS = 30;

/** Reads and starts the clocks of uploads. Made once per scan. */
export class UploadClock {
  #told = false;

  /** @param tell hears, once, that an upload area cannot be written */
  constructor(
    private readonly db: Kysely<DB>,
    private readonly tell: (message: string) => void,
  ) {}

  /**
   * Since when a directory is as it is now; the first look at it starts its clock.
   *
   * @throws the file system's error when it cannot be read
   */
  unchangedSince(directory: string, now: Date): Promise<Date> {
    return lastModified(directory, now, async (current, why) => {
      if (!this.#told) {
        this.#told = true;
        this.tell(
          `since when uploads are unchanged is kept in the database, as no .manifest can be written beside them (${why.message}); that is fine for an area which is read-only on purpose`,
        );
      }
      return this.#fromDatabase(directory, current, now);
    });
  }

  async #fromDatabase(directory: string, current: Manifest, now: Date): Promise<Date> {
    const row = { directory, fingerprint: fingerprint(current), since: now, seen_at: now };
    const { since } = await this.db
      .insertInto('newspapers.upload_clocks')
      .values(row)
      .onConflict((conflict) =>
        conflict.column('directory').doUpdateSet((excluded) => ({
          fingerprint: excluded.ref('excluded.fingerprint'),
          since: sql<Date>`case when upload_clocks.fingerprint = excluded.fingerprint then upload_clocks.since else excluded.since end`,
          seen_at: excluded.ref('excluded.seen_at'),
        })),
      )
      .returning('since')
      .executeTakeFirstOrThrow();
    return since;
  }
}

/** Forgets the clocks of uploads that have not been there for long. */
export async function forgetUploadClocks(db: Kysely<DB>, now: Date): Promise<void> {
  const last = new Date(now.getTime() - FORGET_AFTER_DAYS * 86_400_000);
  await db.deleteFrom('newspapers.upload_clocks').where('seen_at', '<', last).execute();
}

/** The same for manifests of the same files. */
function fingerprint({ files }: Manifest): string {
  const facts = files.map(({ name, size, mode, modTime }) => [name, size, mode, String(modTime)]);
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}
