/** Where things lie in a batch (newspapers spec 5.8). */
import { dateEdition } from '../issue-key.js';

interface Dated {
  lccn: string;
  /** YYYY-MM-DD. */
  date: string;
  edition: number;
}

/** `YYYYMMDDEE.xml`, of the date and edition that the issue has now (newspapers spec 5.2). */
export const metsName = ({ date, edition }: Omit<Dated, 'lccn'>): string => `${dateEdition(date, edition)}.xml`;

/** The directory of an issue below `data`. */
export const issuePath = ({ lccn, date, edition }: Dated): string => `${lccn}/print/${dateEdition(date, edition)}`;

/** The METS of an issue below `data`. */
export const metsPath = (issue: Dated): string => `${issuePath(issue)}/${metsName(issue)}`;

/** What the live copy leaves out: masters and archived uploads (newspapers spec 4, MakeBatch 10). */
export const isForArchiveOnly = (path: string): boolean => /\.(?:tiff?|tar|tar\.bz)$/i.test(path);
