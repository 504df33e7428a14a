/** Many issues at once through the holding pen: nothing half done, whoever else is at it (newspapers spec 9). */
import { afterAll, beforeEach, expect, test } from 'vitest';
import { closeThreads } from '../../../src/files/threads.js';
import type { Issue } from '../../../src/newspapers/issues.js';
import { submitMany, type SubmitOutcome } from '../../../src/newspapers/metadata/submit-many.js';
import type { Settings } from '../../../src/settings.js';
import { rows, useDatabase } from '../../engine/support.js';
import { givenPlaces, startIntakeRunner } from '../intake-stage.js';
import { asked, claimIt, givenPeople, givenQuestioned, registry, told, usePages, VALID } from './stage.js';

const own = useDatabase();
const pages = usePages();
afterAll(() => closeThreads());
let settings: Settings;
beforeEach(async () => {
  ({ settings } = await givenPlaces());
  await givenPeople(own);
  await startIntakeRunner(own, settings);
});

async function submit(actor: string, issue: Issue, parameters: Record<string, unknown>): Promise<SubmitOutcome> {
  const act = { db: own.database.kysely, registry, actor, dryRun: false };
  for await (const outcome of submitMany(act, [{ where: 'line 2', issue: issue.key, parameters }])) return outcome;
  throw new Error('nothing came of it');
}

test('of two who submit the same issue at once one does, and the other is told', async () => {
  const issue = await givenQuestioned(own, settings, pages);
  const both = await Promise.all([submit('cora', issue, VALID), submit('both', issue, VALID)]);
  expect(both.map(({ outcome }) => outcome).sort()).toEqual(['refused', 'submitted']);
  await asked(own, issue, 'metadata_review');
  expect(await told(own, issue, 'metadata_submitted')).toHaveLength(1);
});

test('a claim of one own stays when the entry is refused, and a claim made for it does not', async () => {
  const issue = await givenQuestioned(own, settings, pages);
  const assignee = () => rows(own, 'select assignee from pipelines where object_id = $1', [issue.id]);
  expect(await submit('cora', issue, { volume: '1' })).toMatchObject({ outcome: 'refused' });
  expect(await assignee()).toEqual([{ assignee: null }]);
  await claimIt(own, issue, 'cora');
  expect(await submit('cora', issue, { volume: '1' })).toMatchObject({ outcome: 'refused' });
  expect(await assignee()).toEqual([{ assignee: 'cora' }]);
  expect(await submit('both', issue, VALID)).toMatchObject({ outcome: 'refused' });
  expect(await submit('cora', issue, VALID)).toMatchObject({ outcome: 'submitted' });
});

test('who may not enter metadata submits none; wrong types are told by their field', async () => {
  const issue = await givenQuestioned(own, settings, pages);
  expect(await submit('rita', issue, VALID)).toMatchObject({
    outcome: 'refused',
    reason: expect.stringContaining('rita may not enter metadata') as string,
  });
  expect(await submit('cora', issue, { ...VALID, edition: 'two', acceptWarnings: 'maybe' })).toMatchObject({
    reason: 'edition: it must be a whole number; acceptWarnings: it must be true or false',
  });
});

test('an issue that is named twice, by its key and by its number, is told on both lines', async () => {
  const issue = await givenQuestioned(own, settings, pages);
  const act = { db: own.database.kysely, registry, actor: 'cora', dryRun: true };
  const entries = [issue.key, String(issue.id)].map((name, i) => ({ where: `line ${i + 2}`, issue: name, parameters: VALID })); // prettier-ignore
  const outcomes = [];
  for await (const outcome of submitMany(act, entries)) outcomes.push(outcome);
  expect(outcomes).toMatchObject([
    { outcome: 'refused', reason: 'it is also in line 3: say it once' },
    { outcome: 'refused', reason: 'it is also in line 2: say it once' },
  ]);
});
