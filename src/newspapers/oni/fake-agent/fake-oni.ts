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
  /** Pages whose words are kept for highlighting: by the page's address, so that a purge takes them from every batch that has the page. */
  readonly words = new Set<string>();
  /** Names by organisation code. */
  readonly awardees = new Map<string, string>();
  /** Names by LCCN, of titles that were loaded by their MARC records. */
  readonly titles = new Map<string, string>();

  load(batch: LoadedBatch): void {
    this.batches.set(batch.name, batch);
    for (const page of pagesOf(batch)) this.words.add(page);
  }

  purge(name: string): void {
    const batch = this.batches.get(name);
    this.batches.delete(name);
    for (const page of batch ? pagesOf(batch) : []) this.words.delete(page);
  }
}

const pagesOf = ({ issues }: LoadedBatch): string[] =>
  issues.flatMap(({ lccn, date, edition, pages }) =>
    Array.from({ length: pages }, (_, i) => `${lccn}/${date}/ed-${edition}/seq-${i + 1}`),
  );
