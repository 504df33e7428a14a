/**
 * Reads a batch as Open ONI's loader does, and tells what it would stumble over (newspapers spec 8.7). It shares nothing
 * with what writes our batches, so that it is a check of them.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { atOnce } from '../../files/at-once.js';
import { quoted } from '../../files/quoted.js';
import { inThread } from '../../files/threads.js';
import type { IssueOrder } from './oni-issue-thread.js';
import { childrenOf, parseXml, type XmlElement } from './xml-tree.js';

/** In the order in which it looks for them. */
const BATCH_FILES = ['batch_1.xml', 'BATCH_1.xml', 'batchfile_1.xml', 'batch_2.xml', 'BATCH_2.xml', 'batch.xml'];
const NDNP = 'http://www.loc.gov/ndnp';
const ISSUES_AT_ONCE = 4;

export interface OniOptions {
  /** Codes of the organisations that the site knows; unless given, any will do. */
  awardees?: readonly string[];
  signal?: AbortSignal;
}

/**
 * @param batchDirectory the directory that holds `data`
 * @returns everything that the loader would refuse, pass over or get wrong, in words; empty when it would load all of it
 */
export async function checkForOni(batchDirectory: string, { awardees, signal }: OniOptions = {}): Promise<string[]> {
  const problems = checkName(basename(batchDirectory), awardees);
  const data = join(batchDirectory, 'data');
  const there = await readdir(data).catch(() => undefined);
  if (!there) return [...problems, 'there is no directory data in it'];
  const file = BATCH_FILES.find((name) => there.includes(name));
  if (file === undefined) return [...problems, `data holds none of ${BATCH_FILES.join(', ')}`];
  let root: XmlElement;
  try {
    root = parseXml(await readFile(join(data, file), 'utf8'));
  } catch (error) {
    return [...problems, `data/${file} cannot be read: ${(error as Error).message}`]; // saxes and fs throw errors only
  }
  for (const reel of childrenOf(root, `{${NDNP}}reel`))
    if (!reel.attributes.has('reelNumber')) problems.push(`data/${file} lists a reel without its reelNumber`);
  const issues = childrenOf(root, `{${NDNP}}issue`).map(({ text }) => text);
  if (issues.length === 0) problems.push(`data/${file} lists no issue as {${NDNP}}issue below its root`);
  const check = (path: string, either: AbortSignal): Promise<string[]> => {
    const order: IssueOrder = { data, path };
    return inThread<string[]>(new URL('./oni-issue-thread.js', import.meta.url), 'checkIssue', order, either);
  };
  const seen = new Set<string>();
  for (const path of issues) {
    if (seen.has(path)) problems.push(`data/${file} lists ${quoted(path)} twice`);
    seen.add(path);
  }
  return [...problems, ...(await atOnce(ISSUES_AT_ONCE, [...seen], check, signal)).flat()];
}

function checkName(name: string, awardees: readonly string[] | undefined): string[] {
  if (!/^batch_\w+_\w+_ver\d\d$/.test(name)) return [`its name ${quoted(name)} is not like batch_ORG_NAME_verNN`];
  const [, org = ''] = name.split('_');
  if (awardees && !awardees.includes(org)) return [`no awardee has the code ${org}, the second part of its name`];
  return [];
}
