import { isUtf8 } from 'node:buffer';

/** A name or path as messages show it: as it is when plain, else in quotes with spaces, newlines and quotes visible. */
export function quoted(name: string): string {
  return /^[\w@%+=:,./-]+$/.test(name) ? name : JSON.stringify(name);
}

/**
 * A name that is no UTF-8, as `ls -b` shows it: text as it is, other bytes and control characters in octal, a backslash
 * before backslashes and spaces.
 */
export function escapedBytes(name: Buffer): string {
  let text = '';
  for (let at = 0; at < name.length;) {
    const length =
      [1, 2, 3, 4].find((bytes) => at + bytes <= name.length && isUtf8(name.subarray(at, at + bytes))) ?? 0;
    const character = name.toString('utf8', at, at + length);
    if (character === '\\' || character === ' ') text += `\\${character}`;
    else if (length === 0 || /\p{C}/u.test(character))
      for (const byte of name.subarray(at, at + Math.max(length, 1))) text += octal(byte);
    else text += character;
    at += Math.max(length, 1);
  }
  return text;
}

const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;
