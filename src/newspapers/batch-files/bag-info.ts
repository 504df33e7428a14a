/** What bag-info.txt tells of a batch. */
import { readFile } from 'node:fs/promises';
import type { Tag } from '../../files/bagit/bag-info.js';
import type { KeptRecord } from '../../files/fixity/file-records.js';
import type { Batch } from '../batches/batches.js';

/** The same files give the same tags: the bag was made on the day on which the last of them entered. */
export async function describeBag(
  { fullName, orgName }: Batch,
  payload: readonly KeptRecord[],
  description: string,
): Promise<Tag[]> {
  const made = new Date(payload.reduce((latest, { recordedAt }) => Math.max(latest, recordedAt.getTime()), 0));
  return [
    ['Source-Organization', orgName],
    ['External-Identifier', fullName],
    ['External-Description', description],
    ['Bagging-Date', made.toISOString().slice(0, 10)],
    ['Bag-Software-Agent', `Pressmark ${await pressmarkVersion()}`],
  ];
}

async function pressmarkVersion(): Promise<string> {
  const manifest = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version; // our own package.json
}
