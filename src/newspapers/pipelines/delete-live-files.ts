import { definePipeline } from '../../engine/pipeline.js';
import { issueObject, type Issue } from '../issues.js';
import { deleteArchivedFiles } from '../jobs/delete-archived-files.js';
import { forgetIssueFiles } from '../jobs/forget-issue-files.js';

export const DELETE_LIVE_FILES = 'DeleteLiveFiles';

/** Deletes the workflow files of a live issue whose batch is safe in the dark archive (newspapers spec 7.3, W23). */
export const deleteLiveFiles = definePipeline<{ issue: Issue; location: string }>(DELETE_LIVE_FILES, {
  describe: ({ issue }) => `issue ${issue.key}`,
  object: ({ issue }) => issueObject(issue.id),
  jobs: ({ issue: { id: issueId }, location }) => [
    deleteArchivedFiles({ issueId, location }),
    forgetIssueFiles({ issueId, location }),
  ],
});
