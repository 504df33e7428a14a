/**
 * Where a batch stands, in NCA's words (newspapers spec 1.5; 12.3: they must stay, for importing an existing database).
 * The check constraint of newspapers.batches lists the same words.
 */
export const BATCH_STATUSES = [
  /** A pipeline is at work on the batch: nobody else may touch it. */
  'pending',
  /** Loaded on staging, waits for quality control. */
  'qc_ready',
  /** Rejected; its bad issues are being flagged. */
  'qc_flagging',
  /** On production; waits for a person to say that it is in the dark archive. */
  'live',
  /** Archived; four weeks later its local files may go. */
  'live_archived',
  'live_done',
  /** Removed; its issues normally come again in another batch. */
  'deleted',
] as const;

export type BatchStatus = (typeof BATCH_STATUSES)[number];

/** Whether people see it on production. */
export const isLive = (status: BatchStatus): boolean => status.startsWith('live');
