/** What a pipeline is: an ordered list of jobs for one purpose on one object, short, ending with a question where a person must act (design 2). */
import type { Settings } from '../settings.js';
import type { JobCall } from './job.js';

/** What a pipeline is about. At most one open pipeline per object: the database refuses a second. */
export interface PipelineObject {
  type: string;
  id: number;
}

/** A pipeline about to be enqueued: plain data. */
export interface PipelinePlan {
  name: string;
  description: string;
  object?: PipelineObject;
  jobs: JobCall[];
  /** Smaller first; 0 is usual. */
  priority?: number;
}

export interface PipelineDefinition<Input> {
  /** One line that tells a person which thing this is about, e.g. "issue sn93059126/1856051001". */
  describe: (input: Input) => string;
  object?: (input: Input) => PipelineObject;
  jobs: (input: Input, settings: Settings) => (JobCall | JobCall[])[];
}

/** A defined pipeline: call it to get a plan for `enqueue` or `done({ then })`. */
export type Pipeline<Input> = (input: Input, settings: Settings) => PipelinePlan;

/** Defines a pipeline; lists of jobs (a move, an entwined group) are laid flat in their order. */
export function definePipeline<Input>(name: string, definition: PipelineDefinition<Input>): Pipeline<Input> {
  return (input, settings) => ({
    name,
    description: definition.describe(input),
    ...(definition.object && { object: definition.object(input) }),
    jobs: definition.jobs(input, settings).flat(),
  });
}
