/**
 * The job that asks about a batch on staging, as pipelines plan it. What it does is in jobs/ask-batch-qc.ts, which starts
 * pipelines that end with it: imports may not go round in a circle.
 */
import { z } from 'zod';
import { callJob, type JobCall } from '../../engine/job.js';

export const BATCH_QC_JOB = {
  type: 'batch_qc',
  queue: 'fast',
  timeout: '5 min',
  args: z.object({ batchId: z.number().int() }),
} as const;

/** Asks for the quality control of a batch, and once it is rejected for its bad issues. */
export const askBatchQc = (batchId: number): JobCall => callJob(BATCH_QC_JOB, { batchId });
