/** The tables of an NCA database after newspapers spec 1, for tests: a real server makes them, and a dump tells of them. */
import { NCA_TABLE_NAMES, type NcaTable } from '../../../src/newspapers/nca/tables.js';

const TEXT = 'text DEFAULT NULL';
const NAME = "varchar(255) NOT NULL DEFAULT ''";
const TIME = 'datetime DEFAULT NULL';
const WHOLE = 'int(11) NOT NULL DEFAULT 0';
const FLAG = 'tinyint(4) NOT NULL DEFAULT 0';

/** Every column, also those that are not read: a dump has them all. */
export const COLUMNS: Readonly<Record<NcaTable, Readonly<Record<string, string>>>> = {
  mocs: { code: NAME, name: NAME },
  titles: {
    ...{
      name: NAME,
      lccn: NAME,
      embargo_period: NAME,
      rights: NAME,
      valid_lccn: FLAG,
      sftp_dir: NAME,
      sftp_user: NAME,
    },
    ...{
      sftp_pass: NAME,
      sftp_connected: FLAG,
      marc_title: NAME,
      marc_location: NAME,
      lang_code3: NAME,
      is_historic: FLAG,
    },
  },
  users: { login: NAME, roles: TEXT, deactivated: FLAG },
  batches: {
    ...{ marc_org_code: NAME, name: NAME, full_name: NAME, created_at: TIME, went_live_at: TIME, archived_at: TIME },
    ...{
      version: 'int(11) NOT NULL DEFAULT 1',
      status: NAME,
      location: NAME,
      oni_agent_job_id: 'bigint(20) NOT NULL DEFAULT 0',
    },
    ...{ need_staging_purge: FLAG },
  },
  issues: {
    ...{ marc_org_code: NAME, lccn: NAME, date: NAME, date_as_labeled: NAME, volume: NAME, issue: NAME, edition: FLAG },
    ...{
      edition_label: NAME,
      page_labels_csv: TEXT,
      page_count: WHOLE,
      batch_id: WHOLE,
      location: NAME,
      backup_location: NAME,
    },
    ...{
      human_name: NAME,
      is_from_scanner: FLAG,
      workflow_step: NAME,
      workflow_owner_id: WHOLE,
      workflow_owner_expires_at: TIME,
    },
    ...{
      metadata_entry_user_id: WHOLE,
      metadata_entered_at: TIME,
      reviewed_by_user_id: WHOLE,
      metadata_approved_at: TIME,
    },
    ...{ rejected_by_user_id: WHOLE, ignored: FLAG, draft_comment: TEXT },
  },
  batches_flagged_issues: {
    created_at: TIME,
    flagged_by_user_id: WHOLE,
    batch_id: WHOLE,
    issue_id: WHOLE,
    reason: TEXT,
  },
  actions: { created_at: TIME, object_type: NAME, object_id: WHOLE, action_type: NAME, user_id: WHOLE, message: TEXT },
  pipelines: { created_at: TIME, started_at: TIME, completed_at: TIME, name: NAME, description: TEXT, object_type: NAME, object_id: WHOLE }, // prettier-ignore
  jobs: {
    ...{
      created_at: TIME,
      started_at: TIME,
      completed_at: TIME,
      run_at: TIME,
      job_type: NAME,
      object_type: NAME,
      object_id: WHOLE,
    },
    ...{ status: NAME, pipeline_id: WHOLE, sequence: FLAG, retry_count: WHOLE, entwine_id: 'bigint(20) NOT NULL DEFAULT 0', extra_data: TEXT }, // prettier-ignore
  },
};

export type Value = string | number | null;
export type Row = Record<string, Value>;

/** An NCA database: of each table its rows; columns that a row does not name have their default. */
export type Site = Record<NcaTable, Row[]>;

export const emptySite = (): Site => Object.fromEntries(NCA_TABLE_NAMES.map((table) => [table, []])) as unknown as Site; // all names, each with a list

/** As mysqldump and SHOW CREATE TABLE print it. */
export function createTable(table: NcaTable): string {
  const columns = Object.entries(COLUMNS[table]).map(([name, type]) => `  \`${name}\` ${type},\n`);
  return `CREATE TABLE \`${table}\` (\n  \`id\` int(11) NOT NULL AUTO_INCREMENT,\n${columns.join('')}  PRIMARY KEY (\`id\`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`;
}

/** A row with every column of its table. */
export const wholeRow = (table: NcaTable, row: Row): Row => ({
  ...Object.fromEntries(Object.entries(COLUMNS[table]).map(([name, type]) => [name, defaultOf(type)])),
  ...row,
});

function defaultOf(type: string): Value {
  const value = /DEFAULT (.+)$/.exec(type)?.[1] ?? 'NULL';
  return value === 'NULL' ? null : value === "''" ? '' : Number(value);
}
