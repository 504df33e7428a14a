/** What a site has loaded: shared by the fake agent, which fills it, and the fake site, which shows it. */

export interface LoadedIssue {
  lccn: string;
  /** YYYY-MM-DD */
  date: string;
  edition: number;
  pages: number;
}

export interface LoadedBatch {
  name: string;
  awardee: string;
  ingested: Date;
  issues: LoadedIssue[];
}

export class FakeOni {
  readonly batches = new Map<string, LoadedBatch>();
  /** Names by organisation code. */
  readonly awardees = new Map<string, string>();
  /** Names by LCCN, of titles that were loaded by their MARC records. */
  readonly titles = new Map<string, string>();
}
