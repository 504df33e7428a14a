/** The text of tag files, in the encoding that the bag declares (RFC 8493, 2.1.1). */

import { TextDecoder } from 'node:util';

/** A tag file is no text in the bag's encoding, or nobody knows that encoding. */
export class UnreadableTagFile extends Error {
  override name = 'UnreadableTagFile';
}

/**
 * @param encoding as `Tag-File-Character-Encoding` names it
 * @throws {UnreadableTagFile}
 */
export function decodeTagFile(bytes: Uint8Array, encoding: string): string {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(labelFor(bytes, encoding), { fatal: true });
  } catch {
    throw new UnreadableTagFile(`the encoding ${JSON.stringify(encoding)} is not known`);
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw new UnreadableTagFile(`it is not the ${encoding} that bagit.txt says it is`);
  }
}

/** UTF-16 without a byte order means what its mark says, else the big end first (RFC 2781); browsers mean the other. */
function labelFor(bytes: Uint8Array, encoding: string): string {
  if (!/^utf-?16$/i.test(encoding)) return encoding;
  return bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-16be';
}

/** Lines may end in any way. */
export const linesOf = (text: string): string[] => text.split(/\r\n|\r|\n/);
