/** `run-jobs clean`: finished pipelines go from the tables to compressed files. */
import { join, resolve } from 'node:path';
import { cleanPipelines, type Cleaned } from '../../engine/clean/clean-pipelines.js';
import { KEPT_BECAUSE, type KeptBecause } from '../../engine/clean/finished-pipelines.js';
import { LinesArchive } from '../../files/lines-archive.js';
import { penRegistry } from '../pen-registry.js';
import type { Session } from '../program.js';

export type CleanReport = Cleaned & { dryRun: boolean; directory: string; bytes: number };

/** @throws Refused when the actor may not; ArchiveNotWritten or ArchiveDamaged, after which what was archived so far is safe */
export async function clean(
  { database, settings, permitted }: Pick<Session, 'database' | 'settings' | 'permitted'>,
  { olderThan, to, dryRun = false }: { olderThan: number; to?: string; dryRun?: boolean },
): Promise<CleanReport> {
  const actor = await permitted();
  const directory = to === undefined ? join(settings.VAR_DIRECTORY, 'archived-pipelines') : resolve(to);
  const archive = new LinesArchive(directory, 'pipelines');
  const options = { actor, olderThanSeconds: olderThan, objects: penRegistry.objects };
  try {
    const cleaned = await cleanPipelines(database.kysely, { ...options, archive: dryRun ? undefined : archive });
    return { ...cleaned, dryRun, directory, bytes: archive.bytes };
  } finally {
    await archive.finish();
  }
}

export function cleanedText({
  dryRun,
  before,
  archived,
  kept,
  directory,
  files,
  takenUp,
  bytes,
  forgottenWatchers,
}: CleanReport): string {
  const lines = [`${dryRun ? 'Would archive' : 'Archived'} ${archived} pipelines that ended before ${before}.`];
  for (const file of files)
    lines.push(`They are in ${join(directory, file)}${files.length === 1 ? `, ${kilobytes(bytes)} KB` : ''}.`);
  for (const file of takenUp) lines.push(`Finished the file of a run that was killed: ${join(directory, file)}`);
  for (const [because, count] of Object.entries(kept) as [KeptBecause, number][])
    // its own keys
    lines.push(`Kept ${count}: ${KEPT_BECAUSE[because]}.`);
  if (forgottenWatchers > 0) lines.push(`Forgot ${forgottenWatchers} watchers that no runner knows any more.`);
  return lines.join('\n');
}

const kilobytes = (bytes: number): number => Math.ceil(bytes / 1000);
