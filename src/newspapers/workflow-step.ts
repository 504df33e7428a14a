/**
 * Where an issue stands, in NCA's words (newspapers spec 1.4; 12.3: they must stay, for importing an existing database).
 * The check constraint of newspapers.issues lists the same words.
 */
export const WORKFLOW_STEPS = [
  /** A pipeline is at work on the issue: nobody else may touch it. */
  'AwaitingProcessing',
  'AwaitingPageReview',
  'ReadyForMetadataEntry',
  'AwaitingMetadataReview',
  'ReadyForMETSXML',
  'ReadyForBatching',
  'ReadyForRebatching',
  'InProduction',
  'UnfixableMetadataError',
] as const;

export type WorkflowStep = (typeof WORKFLOW_STEPS)[number];

/** How an issue comes to us: PDFs by SFTP, or TIFF and PDF pairs from the scanner. */
export const ISSUE_KINDS = ['borndigital', 'scan'] as const;
export type IssueKind = (typeof ISSUE_KINDS)[number];

/** Where an upload stands that nobody has queued yet. */
export const UPLOAD_RANK = 20;

/**
 * How far a step is on the way: of two issues of one key the one that is less far is the duplicate; of equals neither is
 * (newspapers spec 1.4, 5.4.3).
 */
export const STEP_RANK: Readonly<Record<WorkflowStep, number>> = {
  UnfixableMetadataError: 10,
  AwaitingPageReview: 30,
  ReadyForMetadataEntry: 40,
  AwaitingMetadataReview: 50,
  ReadyForMETSXML: 60,
  ReadyForBatching: 60,
  ReadyForRebatching: 70,
  AwaitingProcessing: 100,
  InProduction: Infinity,
};
