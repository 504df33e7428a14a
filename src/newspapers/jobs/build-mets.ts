import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import type { DB } from '../../database/database.js';
import { done, FatalError } from '../../engine/job.js';
import { existing, vanished } from '../../files/existing.js';
import { defineFileJob } from '../../files/file-job.js';
import { writeFileSafely } from '../../files/land.js';
import { quoted } from '../../files/quoted.js';
import { describeIssue } from '../batch-files/issue-description.js';
import { metsName } from '../batch-files/layout.js';
import { createdAtOf, writeMets, type MetsPage } from '../batch-files/mets.js';
import { InvalidJp2, readJp2 } from '../derivatives/jp2-file.js';
import { collectPages } from '../derivatives/pages.js';
import type { Issue } from '../issues.js';
import { isNone } from '../metadata/labels.js';
import { listPages } from '../pages.js';
import { theIssue } from './issue-job.js';

/**
 * Writes the METS of an issue into its directory (newspapers spec 3.2.18, 6.4, W15). Done before: what is there says the
 * same, so it stays as it is, with its date.
 */
export const buildMets = defineFileJob({
  type: 'build_mets',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ issueId: z.number().int() }),
  async run({ args: { issueId }, db, locks, signal }) {
    const issue = await theIssue(db, issueId);
    const { location } = issue;
    if (location === null) throw new FatalError(`issue ${issue.key} has no files any more; cancel this pipeline`);
    return locks.withLock(
      filesLock(location),
      async () => {
        if (!(await existing(location, 'directory')))
          throw await vanished(location, `it holds issue ${issue.key}; put it back and requeue, or cancel`);
        const pages = await describePages(db, issue, location);
        const name = metsName(issue);
        const [target, description] = [join(location, name), await describeIssue(db, issueId)];
        const former = (await existing(target, 'file')) ? await readFile(target, 'utf8') : '';
        const created = createdAtOf(former);
        const isSame = created !== undefined && writeMets(description, pages, created) === former;
        if (!isSame) await writeFileSafely(target, writeMets(description, pages, new Date()));
        return done({ result: { name, pages: pages.length, ...(isSame && { because: 'it says the same already' }) } });
      },
      { signal },
    );
  },
});

/**
 * The pages, each with its label and the size of its image.
 *
 * @throws {FatalError} when there are not as many page files as pages that were labelled, or one lacks a derivative
 */
async function describePages(db: Kysely<DB>, issue: Issue, location: string): Promise<MetsPage[]> {
  const [files, rows] = [await collectPages(location, issue.kind), await listPages(db, issue.id)];
  const labels = new Map(rows.map((row) => [row.number, row]));
  if (files.length !== rows.length || files.some(({ number }) => !labels.has(number)))
    throw new FatalError(
      `${quoted(location)} holds ${files.length} pages, but ${rows.length} were labelled: ` +
        'labels would stand on wrong pages; put the missing page back and requeue, or take the issue out (bin/remove-dead-issues)',
    );
  const there = new Set(await readdir(location));
  return Promise.all(
    files.map(async ({ number, name }) => {
      const missing = [`${name}.jp2`, `${name}.xml`].find((file) => !there.has(file));
      if (missing !== undefined)
        throw new FatalError(
          `${quoted(join(location, missing))} is not there; make the derivatives of the issue again`,
        );
      const { width, height, bitDepth } = await readJp2(join(location, `${name}.jp2`)).catch((error: unknown) => {
        if (!(error instanceof InvalidJp2)) throw error;
        throw new FatalError(
          `${quoted(join(location, `${name}.jp2`))} is no whole JP2: ${error.message}; make it again`,
        );
      });
      const { label = null, noLabel = false } = labels.get(number) ?? {};
      const printed = noLabel || isNone(label) ? null : label;
      return { number, name, label: printed, hasMaster: issue.kind === 'scan', width, height, bitDepth };
    }),
  );
}
