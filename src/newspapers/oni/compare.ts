/** What a site shows of a batch against what we sent it: ONI's loader passes over pages and issues that it cannot read, and still succeeds (newspapers spec 8.7, W29). */
import type { SiteBatch, SiteIssue } from './site-json.js';

/** An issue as we sent it. */
export interface SentIssue {
  /** `LCCN/YYYYMMDDEE`. */
  key: string;
  pages: number;
}

export interface Differences {
  /** Keys that the site does not show. */
  missing: string[];
  /** Keys that it shows and we did not send. */
  unexpected: string[];
  /** Issues of which it shows another number of pages. */
  pages: { key: string; sent: number; shown: number }[];
}

/**
 * Compares.
 *
 * @param countPages how many pages the site shows of an issue; asked only when the number for the whole batch differs or
 *   is not told
 */
export async function compareBatch(
  sent: readonly SentIssue[],
  site: SiteBatch,
  countPages: (issue: SiteIssue) => Promise<number>,
): Promise<Differences> {
  const shown = new Map(site.issues.map((issue) => [issue.key, issue]));
  const keys = new Set(sent.map(({ key }) => key));
  const differences: Differences = {
    missing: sent.filter(({ key }) => !shown.has(key)).map(({ key }) => key),
    unexpected: site.issues.filter(({ key }) => !keys.has(key)).map(({ key }) => key),
    pages: [],
  };
  const total = sent.reduce((sum, { pages }) => sum + pages, 0);
  if (differences.missing.length + differences.unexpected.length === 0 && site.pages === total) return differences;
  for (const { key, pages } of sent) {
    const issue = shown.get(key);
    if (!issue) continue;
    const onSite = await countPages(issue);
    if (onSite !== pages) differences.pages.push({ key, sent: pages, shown: onSite });
  }
  return differences;
}

export const areSame = ({ missing, unexpected, pages }: Differences): boolean =>
  missing.length + unexpected.length + pages.length === 0;

/** For people; every issue by its key. */
export function tellDifferences({ missing, unexpected, pages }: Differences): string {
  const parts = [
    missing.length > 0 && `${count(missing.length, 'issue')} missing: ${missing.join(', ')}`,
    unexpected.length > 0 && `${count(unexpected.length, 'issue')} that we did not send: ${unexpected.join(', ')}`,
    pages.length > 0 &&
      `other numbers of pages: ${pages.map(({ key, sent, shown }) => `${key} shows ${shown} of ${sent}`).join(', ')}`,
  ];
  return parts.filter(Boolean).join('; ');
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
