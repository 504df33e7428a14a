import type { PipelineObject } from '../engine/pipeline.js';

/** What pipelines and events call an issue. */
export const ISSUE_OBJECT = 'issue';

/** An issue as the object of pipelines, events and file records. */
export const issueObject = (id: number): PipelineObject => ({ type: ISSUE_OBJECT, id });
