import type { ClaimedRow } from '../statements/claim.js';
import type { Ending } from './execute.js';

/** What a pipeline suffers from that points at a job whose row is gone, and what helps. */
export const MISSING_JOB = {
  fault: (pipelineId: number) =>
    `pipeline ${pipelineId} points at a job that does not exist; its row was deleted by hand`,
  remedy: 'cancel the pipeline, or goto another job',
};

/** The end of a run that could not begin. */
export const missingJob = ({ pipelineId }: ClaimedRow): Ending => {
  const thrown = new Error(`${MISSING_JOB.fault(pipelineId)}: ${MISSING_JOB.remedy}`);
  return { kind: 'failed', error: { name: 'MissingJob', message: thrown.message }, retryable: false, thrown };
};
