/** What metadata must be like before a reviewer sees it, and before METS is made of it (newspapers spec 9). */
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { quoted } from '../../files/quoted.js';
import { readDirectory } from '../../files/read-directory.js';
import { fileTrouble, FileTrouble } from '../../files/trouble.js';
import { parseIssueDate, type IssueDate } from '../issue-date.js';
import { formatIssueKey } from '../issue-key.js';
import type { Issue } from '../issues.js';
import type { MetadataFields } from './fields.js';
import { checkLabels } from './labels.js';
import { findTwins, type Twins } from './twins.js';

/** What is wrong with a field, in words for whoever enters it. */
export interface MetadataProblem {
  field: keyof MetadataFields;
  message: string;
}

export interface CheckedMetadata {
  /** Each must be mended. */
  problems: MetadataProblem[];
  /** Each must be accepted: the issue seems to be there already. */
  warnings: string[];
  /** The issue would have the key of another one in the workflow, which the database does not take without a reason. */
  keyIsTaken: boolean;
}

const MOST_EDITIONS = 99; // two digits in every key

/**
 * Checks the metadata of an issue; its JP2 files are counted.
 *
 * @param fields of the issue, which may have another date and edition than it has now
 * @throws FileTrouble when the disk of its files is there but does not answer
 */
export async function checkMetadata(db: Kysely<DB>, issue: Issue, fields: MetadataFields): Promise<CheckedMetadata> {
  const date = parseIssueDate(fields.date);
  const { edition } = fields;
  const told: [keyof MetadataFields, string | undefined][] = [
    ['date', date ? undefined : notADay(fields.date)],
    ['dateAsLabeled', parseIssueDate(fields.dateAsLabeled) ? undefined : notADay(fields.dateAsLabeled)],
    ['volume', fields.volume.trim() === '' ? 'it is missing: 0 when none is printed' : undefined],
    ['issueNumber', fields.issueNumber.trim() === '' ? 'it is missing: 0 when none is printed' : undefined],
    ['edition', edition >= 1 && edition <= MOST_EDITIONS ? undefined : `it must be from 1 to ${MOST_EDITIONS}`],
    ['labels', await checkPages(issue, fields)],
  ];
  const problems = told.flatMap(([field, message]) => (message === undefined ? [] : [{ field, message }]));
  // Why it was let in beside another speaks of the key that it had.
  const isSameKey = date === issue.date && edition === issue.edition;
  const asked = isSameKey ? issue : { ...issue, duplicateReason: null };
  const twins = date && edition >= 1 ? await findTwins(db, asked, { date, edition }) : undefined;
  return { problems, warnings: warningsOf(issue, twins, date, edition), keyIsTaken: twins?.keyIsTaken ?? false };
}

const notADay = (text: string): string =>
  text === '' ? 'it is missing' : `${JSON.stringify(text)} is no day of the calendar written YYYY-MM-DD`;

/** Labels are of pages, and pages are counted by what the public will see: the JP2 files. */
async function checkPages({ location, key }: Issue, { labels }: MetadataFields): Promise<string | undefined> {
  if (location === null) return `issue ${key} has no files`;
  try {
    const entries = await readDirectory(location);
    const pages = entries.filter(({ name, kind }) => kind === 'file' && /^\d{4}\.jp2$/i.test(name)).length;
    return pages === 0 ? `there are no JP2 files in ${location}` : checkLabels(labels, pages);
  } catch (error) {
    const trouble = fileTrouble(`the pages in ${quoted(location)} cannot be counted`, error as Error);
    // A disk that does not answer for a moment says nothing of the metadata: what was decided stands, and is tried again.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && trouble instanceof FileTrouble) throw trouble;
    return `the pages in ${location} cannot be counted (${(error as Error).message}): is its disk mounted?`;
  }
}

function warningsOf(issue: Issue, twins: Twins | undefined, date: IssueDate | undefined, edition: number): string[] {
  if (!twins || !date) return [];
  const key = formatIssueKey({ lccn: issue.lccn, date, edition });
  return [
    ...twins.inWorkflow.map(
      ({ id, workflowStep }) => `${key} is in the workflow already, as issue ${id} (${workflowStep})`,
    ),
    ...(twins.live === undefined ? [] : [`${key} is live already: ${twins.live}`]),
  ];
}
