/** fetch.txt: files of a bag that still lie elsewhere (RFC 8493, 2.2.3). Nothing is ever fetched from it here. */
import { quoted } from '../quoted.js';
import { parseBagPath } from './bag-path.js';
import { linesOf } from './tag-text.js';

export interface FetchList {
  /** Address by path below the bag's directory. */
  addresses: Map<string, string>;
  problems: string[];
}

/** Reads it strictly: address, length or "-", path. */
export function parseFetchList(text: string, version: number): FetchList {
  const list: FetchList = { addresses: new Map(), problems: [] };
  for (const [index, line] of linesOf(text).entries()) {
    if (line === '') continue;
    const at = `fetch.txt, line ${index + 1}`;
    const [, address, written] = /^(\S+)[ \t]+(?:\d+|-)[ \t]+(.+)$/s.exec(line) ?? [];
    if (address === undefined || written === undefined) {
      list.problems.push(`${at}: ${JSON.stringify(line.slice(0, 160))} is no address, length and path`);
      continue;
    }
    const found = parseBagPath(written, version);
    if ('unsafe' in found) list.problems.push(`${at}: ${found.unsafe}`);
    else if (!found.path.startsWith('data/')) list.problems.push(`${at}: ${quoted(found.path)} is no payload file`);
    else list.addresses.set(found.path, address);
  }
  return list;
}
