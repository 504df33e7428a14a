import { readFileSync } from 'node:fs';

/** The version of an installed package; read from its file, since few packages export their package.json. */
export function installedVersion(name: string): string {
  const file = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
