import type { PipelineObject } from '../../engine/pipeline.js';

/** What pipelines and events call a batch. */
export const BATCH_OBJECT = 'batch';

/** A batch as the object of pipelines, events and file records. */
export const batchObject = (id: number): PipelineObject => ({ type: BATCH_OBJECT, id });
