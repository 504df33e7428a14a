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
