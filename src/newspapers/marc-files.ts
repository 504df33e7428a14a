/** MARC files on disk. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_MARC_BYTES, parseMarc, type MarcRecord } from './marc.js';

/**
 * The MARC files that a path stands for: itself, or every `*.xml` below it if it is a directory, in order of their names.
 *
 * @throws the file system's error when there is no such path
 */
export async function findMarcFiles(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.xml$/i.test(entry.name) && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * Reads one MARC file. No more of it than a record may have: a pipe or a device does not tell its size.
 *
 * @throws InvalidMarc
 */
export async function readMarcFile(path: string): Promise<MarcRecord> {
  const pieces: Buffer[] = [];
  for await (const piece of createReadStream(path, { end: MAX_MARC_BYTES })) pieces.push(piece as Buffer); // no encoding is set
  return parseMarc(Buffer.concat(pieces), path);
}
