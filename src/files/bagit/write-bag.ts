/** Makes the tag files of a bag from sums that are known: no payload is read (newspapers spec 5.9, W17). */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { FileRecord } from '../fixity/file-records.js';
import { writeFileSafely } from '../land.js';
import { formatOxum, formatTags, type Tag } from './bag-info.js';
import { formatManifest } from './bag-manifest.js';
import { formatDeclaration } from './declaration.js';

export interface BagContents {
  version: '0.97' | '1.0';
  /** Paths from the bag's directory: all begin with "data/". */
  payload: readonly FileRecord[];
  /** What bag-info.txt says besides Payload-Oxum. */
  info: readonly Tag[];
  /** Other tag files, which the tag manifest lists. */
  others?: readonly FileRecord[];
}

/** A tag file as it is to be written. */
export interface TagFile extends FileRecord {
  text: string;
}

/** Names of the tag files that are ours to write. */
export const TAG_FILES: ReadonlySet<string> = new Set([
  'bagit.txt',
  'manifest-sha256.txt',
  'bag-info.txt',
  'tagmanifest-sha256.txt',
]);

/**
 * The four tag files, the tag manifest last: when that is there the bag is whole. The same contents give the same bytes.
 *
 * @throws {UnlistablePath}
 */
export function makeTagFiles({ version, payload, info, others = [] }: BagContents): TagFile[] {
  const bytes = payload.reduce((sum, { size }) => sum + size, 0);
  const number = Number(version);
  const manifest = formatManifest(payload.map(({ path, sha256 }) => ({ path, sum: sha256 })), number); // prettier-ignore
  const files = [
    tagFile('bagit.txt', formatDeclaration(version)),
    tagFile('manifest-sha256.txt', manifest),
    tagFile('bag-info.txt', formatTags([...info, ['Payload-Oxum', formatOxum({ bytes, files: payload.length })]])),
  ];
  const listed = [...files, ...others].map(({ path, sha256 }) => ({ path, sum: sha256 }));
  return [...files, tagFile('tagmanifest-sha256.txt', formatManifest(listed, number))];
}

function tagFile(path: string, text: string): TagFile {
  const bytes = Buffer.from(text);
  return { path, text, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Writes them in their order, each whole or not at all; what a killed run wrote is written over. */
export async function writeTagFiles(directory: string, files: readonly TagFile[]): Promise<void> {
  for (const { path, text } of files) await writeFileSafely(join(directory, path), text);
}
