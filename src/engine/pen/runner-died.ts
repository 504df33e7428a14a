import { z } from 'zod';
import { defineAction } from '../action.js';
import { OPERATE_PIPELINES } from '../roles.js';

/** The engine's own question, after a job has killed its runner again and again. */
export const runnerDied = defineAction({
  name: 'runner_died',
  title: 'decide about a job whose runner died again and again',
  privilege: OPERATE_PIPELINES,
  verbs: {
    retry: z.object({}).describe('the job runs again'),
    cancel: z.object({}).describe('the pipeline ends here'),
  },
});
