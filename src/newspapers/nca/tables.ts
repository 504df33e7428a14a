/** What is read of an NCA database (newspapers spec 1): its tables, and of each the columns that mean something here. */
export const NCA_TABLES = {
  mocs: ['id', 'code', 'name'],
  titles: ['id', 'name', 'lccn', 'embargo_period', 'rights', 'valid_lccn', 'sftp_user', 'marc_title', 'marc_location', 'lang_code3'], // prettier-ignore
  users: ['id', 'login', 'roles', 'deactivated'],
  batches: ['id', 'marc_org_code', 'name', 'full_name', 'created_at', 'went_live_at', 'archived_at', 'version', 'status', 'location'], // prettier-ignore
  issues: [
    ...['id', 'marc_org_code', 'lccn', 'date', 'date_as_labeled', 'volume', 'issue', 'edition', 'edition_label'],
    ...['page_labels_csv', 'batch_id', 'location', 'backup_location', 'human_name', 'is_from_scanner', 'workflow_step'],
    ...['workflow_owner_id', 'workflow_owner_expires_at', 'metadata_entry_user_id', 'metadata_entered_at'],
    ...['reviewed_by_user_id', 'metadata_approved_at', 'rejected_by_user_id', 'ignored', 'draft_comment'],
  ],
  batches_flagged_issues: ['id', 'created_at', 'flagged_by_user_id', 'batch_id', 'issue_id', 'reason'],
  actions: ['id', 'created_at', 'object_type', 'object_id', 'action_type', 'user_id', 'message'],
  pipelines: ['id', 'name', 'description'],
  jobs: ['id', 'job_type', 'status', 'pipeline_id'],
} as const satisfies Record<string, readonly string[]>;

export type NcaTable = keyof typeof NCA_TABLES;

/** In the order in which they can be written: what is referred to comes first. */
export const NCA_TABLE_NAMES = Object.keys(NCA_TABLES) as NcaTable[]; // Object.keys forgets which

export const isNcaTable = (name: string): name is NcaTable => Object.hasOwn(NCA_TABLES, name);

/** A value as the dump or the server spells it; null for NULL. */
export type NcaValue = string | null;

/** Some rows of a table, each with its values in the order of `NCA_TABLES`. */
export interface NcaRows {
  table: NcaTable;
  rows: NcaValue[][];
}

/** Where an NCA database is read from. */
export interface NcaSource {
  /**
   * All rows of all tables of `NCA_TABLES`, tables in any order, a few thousand rows at a time; can be read once.
   *
   * @throws NcaUnreadable
   */
  read: (signal?: AbortSignal) => AsyncGenerator<NcaRows>;
  /** How far the reading is, for a progress bar; undefined when nobody knows how much there is. */
  progress: () => { done: number; total: number } | undefined;
}

/** The dump or the server is not what it should be. */
export class NcaUnreadable extends Error {
  override name = 'NcaUnreadable';
}

/** A job that is one of these two is at its end; every other is work that NCA has not ended (newspapers spec 1.2). */
export const CLOSED_JOB_STATUSES = ['success', 'failed_done'] as const;
