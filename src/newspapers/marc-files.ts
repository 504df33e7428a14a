/** MARC files on disk. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidMarc, MAX_MARC_BYTES, parseMarc, type MarcRecord } from './marc.js';

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
 * Reads one MARC file.
 *
 * @throws InvalidMarc
 */
export async function readMarcFile(path: string): Promise<MarcRecord> {
  const { size } = await stat(path);
  if (size > MAX_MARC_BYTES)
    throw new InvalidMarc(path, `it is larger than ${MAX_MARC_BYTES} bytes`, 'give one record, not a whole catalogue');
  return parseMarc(await readFile(path), path);
}
