/** Tells by their sums which pages of the split the files of a page review are, whatever their names (W17, W25). */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfAll } from '../files/checksum.js';
import type { FileRecord, KeptRecord } from '../files/fixity/file-records.js';

export interface IdentifiedPages {
  /** Every file under its name now; a page of the split brings its history along. */
  files: (FileRecord | KeptRecord)[];
  /** Files that are no page of the split, or one of them a second time. */
  changed: { name: string; why: string }[];
}

/**
 * @param recorded the pages of the split; undefined: nobody took their sums, so that every file counts as right
 */
export async function identifyPages(
  directory: string,
  names: readonly string[],
  recorded: readonly KeptRecord[] | undefined,
  signal?: AbortSignal,
): Promise<IdentifiedPages> {
  const paths = names.map((name) => join(directory, name));
  const sums = await sha256OfAll(paths, signal);
  const sizes = await Promise.all(paths.map(async (path) => (await lstat(path)).size));
  const found = names.map((name, i): FileRecord => ({ path: name, size: sizes[i] ?? 0, sha256: sums[i] ?? '' }));
  if (!recorded) return { files: found, changed: [] };

  const pages = new Map<string, KeptRecord[]>(); // two blank pages have the same sum
  for (const record of recorded) pages.set(record.sha256, [...(pages.get(record.sha256) ?? []), record]);
  const known = new Set(pages.keys());
  const result: IdentifiedPages = { files: [], changed: [] };
  for (const file of found) {
    const page = pages.get(file.sha256)?.shift();
    result.files.push(page ? { ...page, path: file.path } : file);
    if (page) continue;
    const isCopy = known.has(file.sha256);
    const why = file.size === 0 ? 'empty' : isCopy ? 'a second copy of another page' : 'no page that the split made';
    result.changed.push({ name: file.path, why });
  }
  return result;
}
