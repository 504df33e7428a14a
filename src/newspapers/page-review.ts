/** When a folder of page review is ready to go on (newspapers spec 5.5, without the holes of W25). */
import { dirname } from 'node:path';
import { FatalError } from '../engine/job.js';
import { isThere } from '../files/existing.js';
import { isClutter } from '../files/clutter.js';
import type { FileRecord, KeptRecord } from '../files/fixity/file-records.js';
import { lastModified } from '../files/manifest.js';
import { fileTrouble } from '../files/trouble.js';
import { readDirectory, UnsafeEntries } from '../files/read-directory.js';
import { listed } from './listed.js';
import { identifyPages } from './page-sums.js';

export interface PageReviewRule {
  /** Pages that the split made. */
  pages: number;
  /** How many of them a person said were deleted on purpose. */
  deletedPages: number;
  /** A person said that pages which the split did not make are right. */
  acceptChanged: boolean;
  /** Seconds the folder must have been left alone; 0: not at all, a person said that it is done. */
  quietSeconds: number;
  /** The pages as the split made them; undefined when nobody took their sums. */
  recorded: readonly KeptRecord[] | undefined;
}

export type PageReview =
  | {
      is: 'ready';
      /** The pages under their names now; those that the split made bring their history along. */
      files: (FileRecord | KeptRecord)[];
      /** Names of pages that the split did not make, accepted by a person. */
      changed: string[];
    }
  /** In words for the reviewer: what is still to be done. */
  | { is: 'open'; problem: string }
  /** The folder is not there, though its parent is: somebody took it away. */
  | { is: 'gone' };

const NUMBERED = /^(\d+)\.pdf$/i;
const OF_THE_SPLIT = /^seq-\d{4}\.pdf$/i;

/**
 * Looks whether a page-review folder is ready: every file is a page with a number of its own as its name, as many as
 * were split less those deleted on purpose, nobody has touched the folder for the quiet time, and every page is one of
 * the split's, or a person said that it is right although it is not. Nothing that lies there is an error: whatever keeps
 * the folder from going on is told to the reviewer.
 */
export async function examinePages(directory: string, rule: PageReviewRule, signal?: AbortSignal): Promise<PageReview> {
  try {
    return await examine(directory, rule, signal);
  } catch (error) {
    if (error instanceof UnsafeEntries) return open(`rename or remove ${error.entries.join(', ')}`);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return examineMissing(directory);
    if (code === undefined || signal?.aborted) throw error;
    if (rule.quietSeconds === 0) {
      // Somebody has answered: what passes by itself is tried again, so that nobody has to answer twice.
      const trouble = fileTrouble(`The folder ${directory}`, error as NodeJS.ErrnoException);
      if (!(trouble instanceof FatalError)) throw trouble;
    }
    return open(`the folder ${directory} cannot be read (${message}): mend its permissions, or look at its disk`);
  }
}

async function examine(directory: string, rule: PageReviewRule, signal?: AbortSignal): Promise<PageReview> {
  const entries = (await readDirectory(directory)).filter(({ name }) => !isClutter(name));
  const names = entries.map(({ name }) => name);
  const waiting = names.filter((name) => OF_THE_SPLIT.test(name));
  const odd = entries.filter(({ name, kind }) => kind !== 'file' || !(NUMBERED.test(name) || OF_THE_SPLIT.test(name)));
  if (odd.length > 0)
    return open(`rename or remove ${listed(odd.map(told))}: only numbered pages such as 1.pdf may be here`);
  if (waiting.length > 0)
    return open(
      `${waiting.length} of ${names.length} pages still have the names of the split: rename them to 1.pdf, 2.pdf ... in reading order`,
    );
  const twins = sameNumber(names);
  if (twins)
    return open(
      `${twins.map((name) => JSON.stringify(name)).join(' and ')} have the same number: rename one, or remove it`,
    );
  const count = wrongCount(names.length, rule);
  if (count !== undefined) return open(count);
  const minutes = rule.quietSeconds > 0 ? await minutesLeft(directory, rule.quietSeconds) : 0;
  if (minutes > 0)
    return open(
      `all pages are numbered; it goes on by itself when nobody touches the folder for ${minutes} more min, or at once when you decide done`,
    );
  const { files, changed } = await identifyPages(directory, names, rule.recorded, signal);
  if (changed.length > 0 && !rule.acceptChanged)
    return open(
      `${listed(changed.map(({ name, why }) => `${JSON.stringify(name)} (${why})`))}: put the pages of the split back, or, if this is on purpose, decide done with acceptChanged=true`,
    );
  return { is: 'ready', files, changed: changed.map(({ name }) => name) };
}

const open = (problem: string): PageReview => ({ is: 'open', problem });

const told = ({ name, kind }: { name: string; kind: string }) =>
  kind === 'file' ? JSON.stringify(name) : `${JSON.stringify(name)} (a ${kind === 'special' ? 'special file' : kind})`;

/** The first two names that stand for one number, like 1.pdf and 01.pdf: nobody knows which page comes first. */
function sameNumber(names: readonly string[]): [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const name of names) {
    const number = (NUMBERED.exec(name)?.[1] ?? '').replace(/^0+(?=\d)/, '');
    const other = seen.get(number);
    if (other !== undefined) return [other, name];
    seen.set(number, name);
  }
  return undefined;
}

/** W25: an empty folder is never ready, and every page of the split is here or was deleted on purpose. */
function wrongCount(found: number, { pages, deletedPages }: PageReviewRule): string | undefined {
  if (found > 0 && found === pages - deletedPages) return undefined;
  const deleted = deletedPages > 0 ? ` less ${deletedPages} deleted` : '';
  const here = `${found} pages are here, but the split made ${pages}${deleted}`;
  if (found === 0) return `${here}: put them back, or decide redo to have the original upload split again, or remove`;
  if (found > pages) return `${here}: remove what is no page of this issue`;
  return `${here}: put back what is missing, or decide done with deletedPages=${pages - found}`;
}

/** Minutes until the quiet time is over, by the manifest clock (newspapers spec 5.4.4). */
async function minutesLeft(directory: string, quietSeconds: number): Promise<number> {
  const quietSince = await lastModified(directory);
  const left = quietSeconds - (Date.now() - quietSince.getTime()) / 1000;
  return Math.max(0, Math.ceil(left / 60));
}

async function examineMissing(directory: string): Promise<PageReview> {
  const area = dirname(directory);
  if (await isThere(area)) return { is: 'gone' };
  return open(`the page-review area ${area} is not there: is its disk mounted? It is looked for again`);
}
