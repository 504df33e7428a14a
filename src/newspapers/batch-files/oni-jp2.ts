/** The size of a JP2 as an imaging library finds it that opens one: from its header box. */
import { closeSync, openSync, readSync } from 'node:fs';

const HEAD_BYTES = 64 * 1024;

/** In pixels; undefined when the file is no JP2, or does not tell. */
export function jp2Size(path: string): { width: number; height: number } | undefined {
  const head = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    readSync(file, head);
  } finally {
    closeSync(file);
  }
  if (head.toString('latin1', 4, 8) !== 'jP  ') return undefined;
  const box = head.indexOf('ihdr', 0, 'latin1');
  if (box < 0 || box + 12 > HEAD_BYTES) return undefined;
  return { height: head.readUInt32BE(box + 4), width: head.readUInt32BE(box + 8) };
}
