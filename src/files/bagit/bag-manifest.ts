/** Manifests of bags: a sum and a path in every line, names with spaces included (RFC 8493, 2.1.3 and 2.4; W16). */
import { quoted } from '../quoted.js';
import { isSum, type Algorithm } from './algorithms.js';
import { formatBagPath, parseBagPath } from './bag-path.js';
import { linesOf } from './tag-text.js';

export interface ParsedManifest {
  /** Sums in lower case, by path below the bag's directory. */
  sums: Map<string, string>;
  problems: string[];
  /** What works, but should not be so. */
  warnings: string[];
}

/**
 * Reads a manifest strictly. A line that cannot be understood is told, with its number; the others count.
 *
 * @param name of the manifest, for what is told
 */
export function parseManifest(
  text: string,
  { name, algorithm, version }: { name: string; algorithm: Algorithm; version: number },
): ParsedManifest {
  const manifest: ParsedManifest = { sums: new Map(), problems: [], warnings: [] };
  for (const [index, line] of linesOf(text).entries()) {
    if (line === '') continue;
    const at = `${name}, line ${index + 1}`;
    const [, sum = '', marker, written = ''] = /^(\S+)[ \t]+(\*)?(.+)$/s.exec(line) ?? [];
    if (!isSum(sum, algorithm)) {
      manifest.problems.push(`${at}: ${JSON.stringify(line.slice(0, 160))} is no ${algorithm} sum and a path`);
      continue;
    }
    const found = parseBagPath(written, version);
    if ('unsafe' in found) {
      manifest.problems.push(`${at}: ${found.unsafe}`);
      continue;
    }
    if (found.warning !== undefined) manifest.warnings.push(`${at}: ${found.warning}`);
    if (marker !== undefined)
      manifest.warnings.push(`${at}: a "*" before the path, as md5sum writes it, is no part of it`);
    enter(manifest, found.path, sum.toLowerCase(), { at, version });
  }
  return manifest;
}

/** A path twice: with two sums nobody knows which is meant; with the same one it is only untidy, below version 1.0. */
function enter(
  { sums, problems, warnings }: ParsedManifest,
  path: string,
  sum: string,
  { at, version }: { at: string; version: number },
): void {
  const former = sums.get(path);
  if (former === undefined) sums.set(path, sum);
  else if (former !== sum) problems.push(`${at}: ${quoted(path)} is listed twice, with different sums`);
  else (version < 1 ? warnings : problems).push(`${at}: ${quoted(path)} is listed twice`);
}

/** Writes a manifest: sorted by the bytes of the paths, two spaces, a line break at the end. @throws {UnlistablePath} */
export function formatManifest(files: readonly { path: string; sum: string }[], version: number): string {
  const lines = files.map(({ path, sum }) => ({
    path: Buffer.from(path),
    line: `${sum}  ${formatBagPath(path, version)}\n`,
  }));
  return lines
    .sort((a, b) => Buffer.compare(a.path, b.path))
    .map(({ line }) => line)
    .join('');
}
