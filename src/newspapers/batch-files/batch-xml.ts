/** Writes `batch.xml`, the list of the issues of a batch (newspapers spec 6.5). */
import { create } from 'xmlbuilder2';
import { digits } from '../issue-date.js';
import { metsPath } from './layout.js';

const NDNP = 'http://www.loc.gov/ndnp';

export interface BatchDescription {
  fullName: string;
  orgCode: string;
  createdAt: Date;
}

interface ListedIssue {
  lccn: string;
  date: string;
  edition: number;
}

/** @param issues in the order of their keys. The same issues give the same bytes */
export function writeBatchXml(batch: BatchDescription, issues: readonly ListedIssue[]): string {
  const document = create({ version: '1.0', encoding: 'UTF-8' });
  const root = document.ele(NDNP, 'ndnp:batch', {
    xmlns: NDNP,
    'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
    name: batch.fullName,
    awardee: batch.orgCode,
    awardYear: awardYear(batch),
  });
  for (const issue of issues) {
    const { lccn, date, edition } = issue;
    root.ele('issue', { lccn, issueDate: date, editionOrder: digits(edition, 2) }).txt(metsPath(issue));
  }
  return `${document.end({ prettyPrint: true })}\n`;
}

/** The year in the full name: computed from the time again it could be another, in another time zone (spec 12.2, 8). */
function awardYear({ fullName, createdAt }: BatchDescription): string {
  const [, year] = /^batch_[^_]+_(\d{4})\d{4}/.exec(fullName) ?? [];
  return year ?? String(createdAt.getUTCFullYear());
}
