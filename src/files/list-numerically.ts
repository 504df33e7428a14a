/** The order of pages: by the number that their names begin with (spec 5.3). */
import { join } from 'node:path';
import { existing, vanished } from './existing.js';
import { isTemporary } from './land.js';
import { quoted } from './quoted.js';
import { readDirectory, UnsafeEntries } from './read-directory.js';

/**
 * Compares names by their leading integer (optional sign, any length), then by the bytes of the whole name. Names
 * without one come last.
 *
 * This is the order of spec 5.3 made transitive (W8). NCA counts long names and those without a number as 0, and
 * compares 0 with anything by spelling: 00028.tiff (ten characters) comes before 0001.tif but 28.tif after it.
 *
 * @example
 * ['10.tif', '9', '000002', '1.pdf', '009.tif'].sort(compareNumerically); // 1.pdf, 000002, 009.tif, 9, 10.tif
 */
export function compareNumerically(a: string, b: string): number {
  const [numberA, numberB] = [leadingInteger(a), leadingInteger(b)];
  if (numberA !== undefined && numberB !== undefined && numberA !== numberB) return numberA < numberB ? -1 : 1;
  if ((numberA === undefined) !== (numberB === undefined)) return numberA === undefined ? 1 : -1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function leadingInteger(name: string): bigint | undefined {
  const [, sign, digits] = /^([+-]?)(\d+)/.exec(name) ?? [];
  if (digits === undefined) return undefined;
  return sign === '-' ? -BigInt(digits) : BigInt(digits);
}

/**
 * Names of the regular files in a directory, in numeric order; sub-directories are left out.
 *
 * @throws {UnsafeEntries} for symlinks and special files
 */
export async function listNumerically(directory: string): Promise<string[]> {
  if (!(await existing(directory, 'directory')))
    throw await vanished(directory, 'its pages were taken away; put it back and requeue, or cancel');
  const entries = await readDirectory(directory);
  const unsafe = entries.filter(({ kind }) => kind === 'symlink' || kind === 'special');
  if (unsafe.length > 0) {
    throw new UnsafeEntries(unsafe.map(({ name, kind }) => `${quoted(join(directory, name))} (${kind})`));
  }
  return entries
    .filter(({ kind, name }) => kind === 'file' && !isTemporary(name))
    .map(({ name }) => name)
    .sort(compareNumerically);
}
