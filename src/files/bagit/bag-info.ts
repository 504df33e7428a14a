/** bag-info.txt: what a bag says about itself, as labels and values (RFC 8493, 2.2.2). */
import { linesOf } from './tag-text.js';

/** Label and value; labels may repeat, their order is kept. */
export type Tag = readonly [label: string, value: string];

/** Reads tags; a line that begins with white space goes on with the value before it. Lines that are neither are passed over. */
export function parseTags(text: string): Tag[] {
  const tags: [string, string][] = [];
  for (const line of linesOf(text)) {
    const last = tags.at(-1);
    const [, label, value] = /^([^\s:][^:]*?)[ \t]*:[ \t]*(.*)$/s.exec(line) ?? [];
    if (/^[ \t]/.test(line) && last) last[1] = `${last[1]} ${line.trim()}`.trim();
    else if (label !== undefined && value !== undefined) tags.push([label, value.trim()]);
  }
  return tags;
}

/** Writes tags; a line break in a value becomes a space. */
export const formatTags = (tags: readonly Tag[]): string =>
  tags.map(([label, value]) => `${label}: ${value.replaceAll(/\s*[\r\n]+\s*/g, ' ').trim()}\n`).join('');

/** What `Payload-Oxum` says of the payload, if it says it: labels are compared without regard to case. */
export function payloadOxum(tags: readonly Tag[]): { bytes: number; files: number } | 'unreadable' | undefined {
  const value = tags.find(([label]) => label.toLowerCase() === 'payload-oxum')?.[1];
  if (value === undefined) return undefined;
  const [, bytes, files] = /^(\d+)\.(\d+)$/.exec(value) ?? [];
  return bytes === undefined || files === undefined ? 'unreadable' : { bytes: Number(bytes), files: Number(files) };
}

export const formatOxum = ({ bytes, files }: { bytes: number; files: number }): string => `${bytes}.${files}`;
