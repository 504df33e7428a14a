import type { z } from 'zod';
import { definePipeline } from '../../engine/pipeline.js';
import { ISSUE_OBJECT, type Issue } from '../issues.js';
import { giveBackUpload } from '../jobs/give-back-upload.js';

export const GIVE_BACK = 'GiveBackUpload';

type Order = Omit<z.input<typeof giveBackUpload.definition.args>, 'issueId'>;

/** Undoes an intake that was cancelled (newspapers spec W27). */
export const giveBack = definePipeline<{ issue: Issue; order: Order }>(GIVE_BACK, {
  describe: ({ issue }) => `issue ${issue.key}`,
  object: ({ issue }) => ({ type: ISSUE_OBJECT, id: issue.id }),
  jobs: ({ issue, order }) => [giveBackUpload({ issueId: issue.id, ...order })],
});
