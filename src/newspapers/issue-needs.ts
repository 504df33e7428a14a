/** What a person must do about an issue that asks nothing: its pipeline failed, or was stopped (newspapers spec W27). */
import type { Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { beginsAgain } from './begins-again.js';
import { intakeRemedies, standingsOf, type Standing } from './uploads/standing.js';

/** In words, with the command that leads on, by the issues' numbers; nothing of those that go on, ask, or are where they should be. */
export async function needsOf(db: Kysely<DB>, issueIds: readonly number[]): Promise<Map<number, string>> {
  if (issueIds.length === 0) return new Map();
  const standings = await standingsOf(db, issueIds);
  return new Map(
    standings.flatMap((standing) => {
      const needs = needOf(standing);
      return needs === undefined ? [] : [[standing.issueId, needs]];
    }),
  );
}

function needOf(standing: Standing): string | undefined {
  const { pipelineId, pipelineStatus: status, workflowStep, ignored } = standing;
  if (status === 'failed') return `pipeline ${pipelineId ?? ''} failed: holding-pen show ${pipelineId ?? ''}`;
  if (ignored || (status !== 'cancelled' && status !== 'success')) return undefined;
  if (workflowStep !== 'AwaitingProcessing' && beginsAgain(standing) === undefined) return undefined;
  return `nothing is at work on it: ${intakeRemedies(standing)}`;
}
