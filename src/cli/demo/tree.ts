import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** More files than this in one directory are counted by extension. */
const NAMED_AT_MOST = 6;

/** The directories below a place and what is in them, a line each; a chain of only children is one line. */
export async function tree(place: string, depth = 1): Promise<string[]> {
  const entries = await readdir(place, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const indent = '  '.repeat(depth);
  const lines = files.length === 0 ? [] : [indent + told(files)];
  for (const { name } of entries.filter((entry) => entry.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const chain = await onlyChildren(join(place, name));
    lines.push(`${indent}${[name, ...chain].join('/')}/`);
    lines.push(...(await tree(join(place, name, ...chain), depth + 1)));
  }
  return lines;
}

async function onlyChildren(directory: string): Promise<string[]> {
  const [only, ...others] = await readdir(directory, { withFileTypes: true });
  if (!only?.isDirectory() || others.length > 0) return [];
  return [only.name, ...(await onlyChildren(join(directory, only.name)))];
}

function told(files: string[]): string {
  if (files.length <= NAMED_AT_MOST) return files.sort().join('  ');
  const extensions = [...new Set(files.map((name) => extname(name)))].sort();
  return extensions.map((each) => `${files.filter((name) => extname(name) === each).length} ${each}`).join(', ');
}
