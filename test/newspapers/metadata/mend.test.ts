/** Unfixable errors of metadata: what the issue managers decide (newspapers spec 9). */
import { copyFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { closeThreads } from '../../../src/files/threads.js';
import type { Issue } from '../../../src/newspapers/issues.js';
import { mendUnfixable } from '../../../src/newspapers/pipelines/metadata.js';
import type { Settings } from '../../../src/settings.js';
import { enqueuedOne, rows, until, useDatabase } from '../../engine/support.js';
import { filesBelow } from '../intake-stage.js';
import {
  answer,
  asked,
  claimAnd,
  claimIt,
  givenOpenQuestion,
  givenReviewed,
  usePages,
  theRow,
  told,
  type Asked,
} from './stage.js';

const own = useDatabase();
const pages = usePages();
let settings: Settings;
let issue: Issue;
afterAll(() => closeThreads());
beforeEach(async () => {
  ({ settings, issue } = await givenOpenQuestion(own, pages));
});

async function givenError(): Promise<Asked> {
  await claimAnd(own, issue, 'cora', 'report_error', { error: 'torn' });
  return asked(own, issue, 'unfixable_metadata');
}

/** As it comes out of a batch: entered, reviewed, then found wanting. */
async function givenFlagged(): Promise<Asked> {
  const { id } = await givenReviewed(own, issue);
  await rows(own, 'select cancel_pipeline($1, $2, $3)', [id, 'root', 'a test']);
  await enqueuedOne(own, mendUnfixable(issue, 'bob flagged it in batch X: the title is wrong'));
  return asked(own, issue, 'unfixable_metadata');
}

test('is for issue managers, and takes a claim', async () => {
  await givenError();
  for (const stranger of ['cora', 'rita'])
    await expect(claimIt(own, issue, stranger)).rejects.toThrow(`${stranger} may not work on unfixable errors`);
  await expect(answer(own, issue, 'mona', 'remove')).rejects.toThrow('must be claimed before it is answered');
  await claimIt(own, issue, 'mona');
  await expect(answer(own, issue, 'mona', 'redo')).rejects.toThrow('redo is no answer to unfixable_metadata');
});

test('returned to entry it is asked again, with the comment, on the desk of the new owner', async () => {
  await givenError();
  await claimAnd(own, issue, 'mona', 'return_to_entry', { owner: 'both' }, 'look at page 2 again');
  expect(await asked(own, issue, 'metadata_entry')).toMatchObject({
    assignee: 'both',
    hold_message: `enter the metadata of ${issue.key} (${issue.titleName}): mona returned it: look at page 2 again`,
  });
  expect(await theRow(own, issue.id)).toMatchObject({ workflowStep: 'ReadyForMetadataEntry' });
  expect(await told(own, issue, 'returned')).toMatchObject([
    { actor: 'mona', detail: { to: 'entry', owner: 'both', comment: 'look at page 2 again' } },
  ]);
});

test('is not returned to the desk of somebody who may not have it', async () => {
  const before = await givenError();
  await claimAnd(own, issue, 'mona', 'return_to_entry', { owner: 'rita' });
  const now = await asked(own, issue, 'unfixable_metadata', before);
  expect(now).toMatchObject({ assignee: 'mona', hold_message: 'not returned: rita may not enter metadata' });
  await answer(own, issue, 'mona', 'return_to_entry', { owner: 'nobody-at-all' });
  expect((await asked(own, issue, 'unfixable_metadata', now)).hold_message).toMatch(/nobody-at-all is no user here/);
});

test('is returned to review only when the metadata was submitted and is valid', async () => {
  const before = await givenError();
  await claimAnd(own, issue, 'mona', 'return_to_review');
  const now = await asked(own, issue, 'unfixable_metadata', before);
  expect(now.hold_message).toBe('not returned: nobody has submitted its metadata yet: return it to entry');
  await answer(own, issue, 'mona', 'return_to_entry');
  await asked(own, issue, 'metadata_entry');
});

test('out of a batch it goes to the review of somebody else than who entered it', async () => {
  let now = await givenFlagged();
  expect(now.hold_message).toContain(': bob flagged it in batch X: the title is wrong');
  const jp2 = join(issue.location ?? '', '0003.jp2');
  await rm(jp2);
  await claimAnd(own, issue, 'mona', 'return_to_review');
  now = await asked(own, issue, 'unfixable_metadata', now);
  expect(now.hold_message).toMatch(/^not returned: its metadata is not valid, return it to entry: labels: /);
  await rows(own, `update users set roles = '{issue curator,issue reviewer}' where login = 'cora'`);
  await copyFile(join(pages.directory, '0003.jp2'), jp2);
  await answer(own, issue, 'mona', 'return_to_review', { owner: 'cora' });
  now = await asked(own, issue, 'unfixable_metadata', now);
  expect(now.hold_message).toBe("not returned: it is cora's own work, which somebody else must look at");
  await answer(own, issue, 'mona', 'return_to_review', { owner: 'rita' });
  expect(await asked(own, issue, 'metadata_review')).toMatchObject({ assignee: 'rita' });
  expect(await told(own, issue, 'returned')).toMatchObject([{ detail: { to: 'review', owner: 'rita' } }]);
});

test('removed it goes to the error area: pages, derivatives, original upload, story', async () => {
  await givenError();
  await claimAnd(own, issue, 'mona', 'remove', {}, 'it is of another town');
  await until('it is out of the workflow', async () => (await theRow(own, issue.id)).ignored, 60);
  expect(await theRow(own, issue.id)).toMatchObject({ workflowStep: 'UnfixableMetadataError', location: null });
  expect(await told(own, issue, 'removal_decided')).toMatchObject([
    { actor: 'mona', detail: { comment: 'it is of another town' } },
  ]);
  const [month = ''] = await readdir(settings.ERRORED_ISSUES_PATH);
  const files = await filesBelow(join(settings.ERRORED_ISSUES_PATH, month, issue.humanName));
  expect(files).toEqual([
    ...['content/0001.pdf', 'content/0002.pdf', 'content/0003.pdf', 'content/actions.txt', 'content/original.tar'],
    ...[1, 2, 3].flatMap((n) => [`derivatives/000${n}.jp2`, `derivatives/000${n}.xml`]),
  ]);
});
