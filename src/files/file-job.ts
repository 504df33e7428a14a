import type { z } from 'zod';
import { defineJob, type Job, type JobDefinition } from '../engine/job.js';
import { explained } from './trouble.js';

/** Defines a job on files: trouble with the disk is told in words, with a remedy, and retried only where that helps. */
export function defineFileJob<Schema extends z.ZodType>(definition: JobDefinition<Schema>): Job<Schema> {
  return defineJob({
    ...definition,
    run: (context) =>
      definition.run(context).catch((error: unknown) => {
        throw explained(error);
      }),
  });
}
