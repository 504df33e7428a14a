/** Submits the metadata of many issues, each through the holding pen as if its question were answered there (newspapers spec 9). */
import type { Kysely, Transaction } from 'kysely';
import type { DB, Json } from '../../database/database.js';
import { isAsking, lockOpenPipeline, type OpenPipeline } from '../../engine/open-pipeline.js';
import { claim } from '../../engine/pen/claims.js';
import { decideOn } from '../../engine/pen/decide.js';
import { Refused } from '../../engine/refused.js';
import type { Registry } from '../../engine/registry.js';
import { FileTrouble } from '../../files/trouble.js';
import { metadataEntry, metadataSubmission } from '../actions/metadata.js';
import { InvalidIssueKey, parseIssueKey } from '../issue-key.js';
import { findIssue, findIssueById, issueObject, type Issue } from '../issues.js';
import { checkMetadata } from './check-metadata.js';
import { refusalOf } from './entry.js';
import { givenOf, withGiven } from './fields.js';
import { readMetadata } from './metadata.js';
import type { MetadataEntry } from './read-file.js';

export interface SubmitAct {
  db: Kysely<DB>;
  registry: Registry;
  actor: string;
  /** Looks whether each would be taken, and changes nothing. */
  dryRun: boolean;
}

export type SubmitOutcome = { where: string; issue: string } & (
  { outcome: 'submitted' | 'valid'; pipelineId: number } | { outcome: 'refused'; reason: string }
);

/**
 * Each entry is a transaction of its own: the question is claimed if it is on nobody's desk, what is given is checked with what is
 * stored, the question is answered; or nothing of it happens, and the reason is told.
 */
export async function* submitMany(act: SubmitAct, entries: readonly MetadataEntry[]): AsyncGenerator<SubmitOutcome> {
  const places = new Map<string, string[]>();
  const named = [];
  for (const entry of entries) named.push({ entry, id: await idOf(act.db, entry.issue) });
  for (const { entry, id } of named) places.set(id, [...(places.get(id) ?? []), entry.where]);
  for (const { entry, id } of named) {
    const { where, issue } = entry;
    const others = (places.get(id) ?? []).filter((place) => place !== where);
    if (others.length > 0 && issue !== '') {
      yield { where, issue, outcome: 'refused', reason: `it is also in ${others.join(', ')}: say it once` };
      continue;
    }
    yield { where, issue, ...(await submitOne(act, entry)) };
  }
}

type Taken = { outcome: 'submitted' | 'valid'; pipelineId: number };

async function submitOne(
  act: SubmitAct,
  entry: MetadataEntry,
): Promise<Taken | { outcome: 'refused'; reason: string }> {
  try {
    const pipelineId = await act.db.transaction().execute(async (trx) => {
      const answered = await answer(trx, act, entry);
      if (act.dryRun) throw new OnlyTried(answered);
      return answered;
    });
    return { outcome: 'submitted', pipelineId };
  } catch (error) {
    if (error instanceof OnlyTried) return { outcome: 'valid', pipelineId: error.pipelineId };
    if (error instanceof Refused || error instanceof NotTaken || error instanceof InvalidIssueKey)
      return { outcome: 'refused', reason: error.message };
    if (error instanceof FileTrouble)
      return { outcome: 'refused', reason: error.message.replace('the job will try again', 'submit it again then') };
    throw error;
  }
}

/** Takes back what a dry run did. */
class OnlyTried extends Error {
  constructor(readonly pipelineId: number) {
    super('this was a dry run');
  }
}

/** What an entry gives is not taken. */
class NotTaken extends Error {}

/** @returns the pipeline whose question was answered */
async function answer(
  trx: Transaction<DB>,
  act: SubmitAct,
  { issue: name, parameters }: MetadataEntry,
): Promise<number> {
  const issue = await theIssueOf(trx, name);
  const { id, holdRev, desk } = await theQuestionOf(trx, issue);
  const given = metadataSubmission.safeParse(parameters);
  if (!given.success) throw new NotTaken(given.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')); // prettier-ignore
  const { acceptWarnings, ...fields } = given.data;
  const { stored, draft } = await readMetadata(trx, issue.id);
  const checked = await checkMetadata(trx, issue, withGiven(stored, { ...draft, ...givenOf(fields) }));
  const refusal = refusalOf(checked, acceptWarnings);
  if (refusal !== undefined) throw new NotTaken(refusal);
  if (desk !== act.actor) await claim({ db: trx, registry: act.registry, actor: act.actor }, id);
  await decideOn(trx, act.registry, id, { holdRev, verb: 'submit', params: parameters as Json, actor: act.actor, via: 'cli' }); // prettier-ignore
  return id;
}

/** One and the same for a key and the number that name one issue. */
async function idOf(db: Kysely<DB>, name: string): Promise<string> {
  try {
    return String((await namedIssue(db, name))?.id ?? name);
  } catch (error) {
    if (error instanceof InvalidIssueKey) return name; // which its own line tells
    throw error;
  }
}

const namedIssue = (db: Kysely<DB>, name: string): Promise<Issue | undefined> =>
  /^\d{1,9}$/.test(name) ? findIssueById(db, Number(name)) : findIssue(db, parseIssueKey(name));

async function theIssueOf(trx: Transaction<DB>, name: string): Promise<Issue> {
  if (name === '') throw new NotTaken('it does not say which issue: its key or number');
  const found = await namedIssue(trx, name);
  if (!found) throw new NotTaken('there is no such issue in the workflow');
  return found;
}

/** Its open question for the metadata; locked, so that it stays the one that is checked. */
async function theQuestionOf(trx: Transaction<DB>, issue: Issue): Promise<OpenPipeline> {
  const open = await lockOpenPipeline(trx, issueObject(issue.id));
  if (open && isAsking(open, metadataEntry.name)) return open;
  if (open?.action === metadataEntry.name && open.status !== 'failed') {
    const { actor: by, verb } = await theAnswer(trx, open.id, open.holdRev);
    throw new NotTaken(`it was answered already (${by}, ${verb}): wait for run-jobs, which carries that out`);
  }
  const doing = open ? `its pipeline ${open.id} (${open.name}) is ${open.status}` : 'it has no open pipeline';
  throw new NotTaken(`it does not wait for metadata: it is ${issue.workflowStep}, ${doing}`);
}

const theAnswer = (trx: Transaction<DB>, pipelineId: number, holdRev: number) =>
  trx
    .selectFrom('decisions')
    .select(['actor', 'verb'])
    .where('pipeline_id', '=', pipelineId)
    .where('hold_rev', '=', holdRev)
    .executeTakeFirstOrThrow();
