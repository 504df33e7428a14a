/** What can begin again of an issue on which nothing is at work, although its road is not at its end (newspapers spec W27, 7.9). */
import type { WorkflowStep } from './workflow-step.js';

/** The pipelines that can: those that ask people, and the one that changes nothing that it has not kept. By their names. */
export type Again = 'ReviewPages' | 'EnterMetadata' | 'ReviewMetadata' | 'MendUnfixable' | 'FinalizeIssue';

/** An issue whose latest pipeline was cancelled, had its last job skipped, or that has none. */
export interface Stopped {
  workflowStep: WorkflowStep;
  ignored: boolean;
  /** The name of the latest; null: there was none. */
  pipeline: string | null;
  /** The type of the job at which it stands, was cancelled, or ended by leaving that out. */
  stoodAt: string | null;
}

const BY_QUESTION: Readonly<Record<string, Again>> = {
  page_review: 'ReviewPages',
  metadata_entry: 'EnterMetadata',
  metadata_review: 'ReviewMetadata',
  unfixable_metadata: 'MendUnfixable',
};

/**
 * The pipeline that leads such an issue on; undefined where files may be half-way, or nothing waits for anybody. At the step
 * of a question that question is asked. Before it was first asked the step does not tell, but where the pipeline stood does.
 */
export function beginsAgain({ workflowStep, ignored, pipeline, stoodAt }: Stopped): Again | undefined {
  if (ignored) return undefined;
  switch (workflowStep) {
    case 'AwaitingPageReview':
      return 'ReviewPages';
    case 'ReadyForMetadataEntry':
      return 'EnterMetadata';
    case 'AwaitingMetadataReview':
      return 'ReviewMetadata';
    case 'UnfixableMetadataError': // reported during the page review, or later
      return stoodAt === 'page_review' ? 'ReviewPages' : 'MendUnfixable';
    case 'AwaitingProcessing':
      if (pipeline === 'FinalizeIssue' || pipeline === 'ReviewPages') return pipeline;
      return stoodAt === null ? undefined : BY_QUESTION[stoodAt];
    default:
      return undefined;
  }
}
