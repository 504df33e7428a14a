/** The agent's `batch-patch`: a loaded batch without some of its issues, under another name (newspapers spec 8.4). */
import { cp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { InvalidIssueKey, parseIssueKey } from '../../issue-key.js';

export class PatchRefused extends Error {
  override name = 'PatchRefused';
}

/** The keys that a patch removes. @throws PatchRefused */
export function parsePatch(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).map((line) => {
    const [operation, key, ...rest] = line.split(/\s+/);
    if (operation !== 'RemoveIssue' || key === undefined || rest.length > 0)
      throw new PatchRefused(`${JSON.stringify(line)} is no operation; it must be "RemoveIssue LCCN/YYYYMMDDEE"`);
    try {
      parseIssueKey(key);
    } catch (error) {
      if (error instanceof InvalidIssueKey) throw new PatchRefused(error.message);
      throw error;
    }
    return key;
  });
}

/** Copies a batch without those issues, TIFFs and files of the digitiser, built beside its name and renamed. */
export async function patchBatch(source: string, target: string, keys: readonly string[]): Promise<void> {
  const wip = join(dirname(target), `WIP-UNREADY-${basename(target)}`);
  for (const path of [target, wip])
    if (await stat(path).catch(() => undefined)) throw new Error(`${path} exists already`);
  const xml = await readFile(join(source, 'data/batch.xml'), 'utf8');
  const removed = new Set<string>();
  const rest = xml.replace(/<((?:\w+:)?issue)\b[^>]*>\s*([^<]+?)\s*<\/\1>\s*/g, (element, _name, path: string) => {
    const directory = dirname(path);
    const key = `${path.split('/')[0] ?? ''}/${basename(directory)}`;
    if (!keys.includes(key)) return element;
    removed.add(key).add(directory);
    return '';
  });
  const unknown = keys.filter((key) => !removed.has(key));
  if (unknown.length > 0) throw new Error(`${basename(source)} has no issue ${unknown.join(', ')}`);
  const data = join(source, 'data');
  const isKept = (path: string): boolean =>
    path !== join(data, 'batch.xml') && !/_1\.xml$|\.tiff?$/i.test(path) && !removed.has(relative(data, path));
  try {
    await cp(source, wip, { recursive: true, filter: isKept });
    await writeFile(join(wip, 'data/batch.xml'), rest);
    await rename(wip, target);
  } catch (error) {
    await rm(wip, { recursive: true, force: true });
    throw error;
  }
}
