import type { ClaimedRow } from '../statements/claim.js';
import type { Ending } from './execute.js';

/** The end of a run that could not begin: its pipeline points at a job whose row is gone. As requeue_pipeline() words it. */
export const missingJob = ({ pipelineId }: ClaimedRow): Ending => {
  const thrown = new Error(
    `pipeline ${pipelineId} points at a job that does not exist; its row was deleted by hand: cancel the pipeline, or goto another job`,
  );
  return { kind: 'failed', error: { name: 'MissingJob', message: thrown.message }, retryable: false, thrown };
};
