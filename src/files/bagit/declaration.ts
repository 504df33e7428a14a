/** bagit.txt: says that a directory is a bag, and how to read it (RFC 8493, 2.1.1). */
import { isUtf8 } from 'node:buffer';
import { linesOf } from './tag-text.js';

export interface Declaration {
  /** 0.93 to 0.97, or 1. */
  version: number;
  /** Of all tag files but bagit.txt itself, which is UTF-8. */
  encoding: string;
}

const VERSIONS = new Set(['0.93', '0.94', '0.95', '0.96', '0.97', '1.0']);
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** Reads it strictly: two lines, nothing else; blanks at their ends do no harm. What is wrong with it is told. */
export function parseDeclaration(bytes: Buffer): Declaration | { problem: string } {
  if (bytes.subarray(0, 3).equals(BOM))
    return { problem: 'bagit.txt begins with a byte order mark, which it must not' };
  if (!isUtf8(bytes)) return { problem: 'bagit.txt is not UTF-8' };
  const lines = linesOf(bytes.toString('utf8'));
  if (lines.at(-1) === '') lines.pop();
  const [, version] = /^BagIt-Version: (\S+)[ \t]*$/.exec(lines[0] ?? '') ?? [];
  if (version === undefined)
    return { problem: `the first line of bagit.txt must read "BagIt-Version: M.N", but reads ${told(lines[0])}` };
  if (!VERSIONS.has(version))
    return { problem: `bagit.txt names version ${told(version)}; known are ${[...VERSIONS].join(', ')}` };
  const [, encoding] = /^Tag-File-Character-Encoding: (\S+)[ \t]*$/.exec(lines[1] ?? '') ?? [];
  if (encoding === undefined)
    return {
      problem: `the second line of bagit.txt must read "Tag-File-Character-Encoding: ENCODING", but reads ${told(lines[1])}`,
    };
  if (lines.length > 2) return { problem: `bagit.txt has ${lines.length} lines; it must have two` };
  return { version: Number(version), encoding };
}

const told = (line: string | undefined): string => (line === undefined ? 'nothing' : JSON.stringify(line.slice(0, 80)));

export const formatDeclaration = (version: '0.97' | '1.0'): string =>
  `BagIt-Version: ${version}\nTag-File-Character-Encoding: UTF-8\n`;
