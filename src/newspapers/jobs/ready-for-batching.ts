import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done, FatalError } from '../../engine/job.js';
import { defineFileJob } from '../../files/file-job.js';
import { isClutter } from '../../files/clutter.js';
import { assertAsRecorded } from '../../files/fixity/compare.js';
import { readFileSets } from '../../files/fixity/file-records.js';
import { listTree } from '../../files/list-tree.js';
import { metsName } from '../batch-files/layout.js';
import { recordIssueEvent } from '../issue-events.js';
import { issueObject, setIssueColumns, type Issue } from '../issues.js';
import { listed } from '../listed.js';
import { PAGE_FILE } from '../derivatives/pages.js';
import { theIssue } from './issue-job.js';

const readyStep = z.enum(['ReadyForBatching', 'ReadyForRebatching']);
export type ReadyStep = z.infer<typeof readyStep>;

/**
 * Looks whether an issue is whole: every file that a batch will take is there, is recorded, and is one that belongs into a
 * batch (W17); then it is ready for one. Sums are not taken here: the batch takes them when the files enter it.
 */
export const readyForBatching = defineFileJob({
  type: 'ready_for_batching',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ issueId: z.number().int(), location: z.string(), step: readyStep.default('ReadyForBatching') }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { issueId, location, step }, db, pipelineId, signal }) {
    const issue = await theIssue(db, issueId);
    const recorded = (await readFileSets(db, issueObject(issueId), location)).flatMap(({ files }) => files);
    const found = (await listTree(location, signal)).files.filter(({ path }) => !isClutter(path));
    assertAsRecorded(location, recorded, found);
    assertBelong(issue, location, found.map(({ path }) => path)); // prettier-ignore
    return done({
      result: { files: found.length },
      commit: async (trx) => {
        await setIssueColumns(trx, issueId, { workflow_step: step });
        const detail = { files: found.length };
        await recordIssueEvent(trx, issueId, { actor: 'engine', kind: 'ready_for_batching', pipelineId, detail });
      },
    });
  },
});

/** What is recorded may still be no part of an issue: a note that somebody left, METS under a date from before. */
function assertBelong(issue: Issue, location: string, paths: readonly string[]): void {
  const { key } = issue;
  const mets = metsName(issue);
  const strange = paths.filter((path) => path !== mets && path !== 'original.tar' && !PAGE_FILE.test(path));
  if (strange.length > 0)
    throw new FatalError(
      `${listed(strange.map((path) => JSON.stringify(path)))} in ${location} is no file of issue ${key}: move it away, then move the pipeline back to record_fixity (run-jobs goto)`,
    );
  const pages = paths.filter((path) => path.endsWith('.jp2')).map((path) => path.slice(0, 4));
  const needed = [mets, ...pages.flatMap((page) => [`${page}.pdf`, `${page}.xml`])];
  const missing = needed.filter((name) => !paths.includes(name));
  if (pages.length === 0 || missing.length > 0)
    throw new FatalError(
      `${missing.length > 0 ? listed(missing) : 'every page'} of issue ${key} is missing in ${location}: put it back and requeue`,
    );
}
