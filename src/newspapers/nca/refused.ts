/** Why nothing was imported. */
import { MOST_BAD_ROWS, toldBadRow, type BadRow } from './bad-rows.js';
import { toldOpenPipelines, type OpenPipeline } from './open-pipelines.js';

/** Issues or batches are here already: an import begins a site, it does not add to one. */
export class NotEmpty extends Error {
  override name = 'NotEmpty';
  constructor(issues: number, batches: number) {
    super(
      `there are ${issues} issues and ${batches} batches here already: an NCA database is imported into one that has none, as its numbers are kept. Make a new database (createdb, migrate-database), or restore the one from before`,
    );
  }
}

/** NCA is in the middle of something, or holds rows that cannot be taken over. */
export class ImportRefused extends Error {
  override name = 'ImportRefused';
  constructor(
    readonly openPipelines: readonly OpenPipeline[],
    readonly badRows: readonly BadRow[],
  ) {
    const more = badRows.length >= MOST_BAD_ROWS ? '; no more were looked for' : '';
    const open = section(`${openPipelines.length} pipelines of NCA have not ended; end them there:`, toldOpenPipelines(openPipelines)); // prettier-ignore
    const bad = section(`${badRows.length} values cannot be taken over${more}; mend them in NCA:`, badRows.map(toldBadRow)); // prettier-ignore
    super(['nothing was imported.', ...open, ...bad, 'Then import anew.'].join('\n'));
  }
}

const section = (heading: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [heading, ...lines.map((line) => `  - ${line.replaceAll('\n', ' ')}`)];
