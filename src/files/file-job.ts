import type { z } from 'zod';
import { defineJob, type Job, type JobDefinition } from '../engine/job.js';
import { laterIfDiskFull } from './full-disk.js';
import { laterIfNotVisibleYet } from './not-visible-yet.js';
import { explained } from './trouble.js';

/**
 * Defines a job on files: trouble with the disk is told in words, with a remedy, and retried only where that helps; room on a full
 * disk is waited for, and so is what another host made and is not visible here yet.
 */
export function defineFileJob<Schema extends z.ZodType>(definition: JobDefinition<Schema>): Job<Schema> {
  return defineJob({
    ...definition,
    run: (context) =>
      definition.run(context).catch(async (error: unknown) => {
        const later = laterIfDiskFull(error) ?? (await laterIfNotVisibleYet(error, context));
        if (later) return later;
        throw explained(error);
      }),
  });
}
