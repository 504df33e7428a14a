// Generated from the migrated database: never edit it, run `npm run generate:types`.
import type { JsonColumn } from './json.js';
import type { ColumnType } from 'kysely';

export type Generated<T> =
  T extends ColumnType<infer S, infer I, infer U> ? ColumnType<S, I | undefined, U> : ColumnType<T, T | undefined, T>;

export type Timestamp = ColumnType<Date, Date | string, Date | string>;

export interface Decisions {
  actor: string;
  at: Generated<Timestamp>;
  comment: string | null;
  hold_rev: number;
  params: Generated<JsonColumn>;
  pipeline_id: number;
  verb: string;
  via: string;
}

export interface Events {
  actor: string;
  at: Generated<Timestamp>;
  detail: Generated<JsonColumn>;
  id: Generated<number>;
  kind: string;
  object_id: number | null;
  object_type: string | null;
  /**
   * No foreign key: the event of an object outlives the archived pipeline.
   */
  pipeline_id: number | null;
  sequence: number | null;
  /**
   * Program that wrote it, as it calls itself to PostgreSQL; with --as also the login that called it: "holding-pen (root)".
   */
  via: Generated<string | null>;
}

export interface Files {
  /**
   * Below the directory of the set.
   */
  path: string;
  /**
   * The pipeline that took the sum; null when a person accepted the file.
   */
  pipeline_id: number | null;
  recorded_at: Generated<Timestamp>;
  set_id: number;
  sha256: Buffer;
  size: number;
}

export interface FileSets {
  /**
   * Where they lie now; every move writes it. Exact while no job is at work on the object.
   */
  directory: string;
  id: Generated<number>;
  object_id: number;
  object_type: string;
  role: string;
}

export interface JobList {
  args: JsonColumn | null;
  attempt: number | null;
  completed_at: Timestamp | null;
  description: string | null;
  entwine: number | null;
  error: JsonColumn | null;
  failures: number | null;
  max_attempts: number | null;
  object_id: number | null;
  object_type: string | null;
  pipeline: string | null;
  pipeline_id: number | null;
  queue: string | null;
  result: JsonColumn | null;
  run_at: Timestamp | null;
  sequence: number | null;
  started_at: Timestamp | null;
  status: string | null;
  timeout: string | null;
  type: string | null;
}

export interface JobLogs {
  at: Timestamp;
  attempt: number;
  fields: JsonColumn | null;
  id: Generated<number>;
  level: string;
  message: string;
  pipeline_id: number;
  sequence: number;
}

export interface Jobs {
  args: Generated<JsonColumn>;
  /**
   * Runs that came to an end, however they ended: attempt + 1 numbers the run that is going on.
   */
  attempt: Generated<number>;
  completed_at: Timestamp | null;
  entwine: number | null;
  error: JsonColumn | null;
  /**
   * Failed runs since it was enqueued, requeued or held: max_attempts of them and the job is failed.
   */
  failures: Generated<number>;
  max_attempts: Generated<number>;
  pipeline_id: number;
  queue: string;
  result: JsonColumn | null;
  sequence: number;
  started_at: Timestamp | null;
  status: Generated<string>;
  timeout: Generated<string>;
  /**
   * First "try later" in a row; its deadline counts from here.
   */
  tried_since: Timestamp | null;
  type: string;
}

export interface Locks {
  expires_at: Timestamp;
  /**
   * Larger than that of every earlier holder of this name.
   */
  fence: number;
  holder: JsonColumn;
  /**
   * SHA-256 of the name: names are paths, longer than an index entry may be.
   */
  key: Buffer;
  name: string;
  taken_at: Generated<Timestamp>;
  token: string;
}

export interface NewspapersAgentHostKeys {
  /**
   * host:port
   */
  agent: string;
  fingerprint: string;
  first_seen_at: Generated<Timestamp>;
}

export interface NewspapersAgentJobs {
  action: string;
  /**
   * host:port
   */
  agent: string;
  asked_at: Generated<Timestamp>;
  batch_id: number;
  ended_at: Timestamp | null;
  id: Generated<number>;
  /**
   * -1: the agent said that there is nothing to do.
   */
  job_id: number | null;
  job_name: string | null;
  /**
   * When the agent queued it, in its own words: with job_name the job's identity, told apart from one of the same number after a restart.
   */
  job_queued: string | null;
  /**
   * The agent's jobs about this batch just before it was asked: {id, queued} of each. What is there later and not among them is ours.
   */
  jobs_before: Generated<JsonColumn>;
  pipeline_id: number;
  site: string;
  /**
   * asking: the command may have been sent or not; queued: the agent gave job_id; lost: the agent does not know that job any more; superseded: asked anew by another pipeline.
   */
  status: Generated<string>;
}

export interface NewspapersBatches {
  /**
   * When a person said that it is in the dark archive: the four weeks until its local files go count from here.
   */
  archived_at: Timestamp | null;
  created_at: Generated<Timestamp>;
  /**
   * batch_<organisation>_<YYYYMMDD of creation, UTC><name>_ver<NN>: names its directories and what the sites show; written once.
   */
  full_name: string;
  id: Generated<number>;
  /**
   * Directory that holds the full batch; null before it is built and once it is archived.
   */
  location: string | null;
  /**
   * What people call it: the keyword part of the full name.
   */
  name: string;
  org_id: number;
  /**
   * The version before this one.
   */
  replaces: number | null;
  /**
   * pending: a pipeline of object batch/<id> is at work, hands off.
   */
  status: Generated<string>;
  version: Generated<number>;
  went_live_at: Timestamp | null;
}

export interface NewspapersFlaggedIssues {
  batch_id: number;
  flagged_at: Generated<Timestamp>;
  flagged_by: string;
  issue_id: number;
  reason: string;
}

export interface NewspapersIssues {
  /**
   * Directory of the original uploads; null for scans and once they are archived with the issue.
   */
  backup_location: string | null;
  /**
   * The batch it is in; null: none. An issue in an unfinished batch is ReadyForBatching.
   */
  batch_id: number | null;
  created_at: Generated<Timestamp>;
  date: string;
  date_as_labeled: string | null;
  /**
   * What the curator wants to say to the reviewer; null once it is submitted.
   */
  draft_comment: string | null;
  /**
   * Why somebody let it in although that title, date and edition was here already; null: it was the first.
   */
  duplicate_reason: string | null;
  edition: number;
  edition_label: string | null;
  /**
   * <lccn>-<YYYYMMDDEE>-<id> as of the day the row was made: names its directories, so it never changes.
   */
  human_name: string;
  id: Generated<number>;
  /**
   * Out of the workflow: live, or removed.
   */
  ignored: Generated<boolean>;
  /**
   * Printed number of the issue; NCA: issue.
   */
  issue_number: string | null;
  kind: string;
  /**
   * Directory that holds the files now; null once they are gone.
   */
  location: string | null;
  /**
   * From here an issue that waits for a batch is counted as stale.
   */
  metadata_approved_at: Timestamp | null;
  /**
   * What was typed but not submitted yet, by the names of the fields; nothing in it is checked. Null once it is submitted.
   */
  metadata_draft: JsonColumn | null;
  metadata_entered_at: Timestamp | null;
  /**
   * Login of who submitted the metadata last: somebody else reviews it. NCA: metadata_entry_user_id.
   */
  metadata_entered_by: string | null;
  org_id: number;
  /**
   * Login of the last reviewer who rejected the metadata: submitted again, it comes to that desk. Never cleared.
   */
  rejected_by: string | null;
  /**
   * Login of who approved it; null since it was submitted anew.
   */
  reviewed_by: string | null;
  title_id: number;
  /**
   * Directory of the upload area that it was queued from; location moves on, this stays.
   */
  upload_location: string | null;
  volume: string | null;
  /**
   * AwaitingProcessing: a pipeline of object issue/<id> is at work, hands off.
   */
  workflow_step: Generated<string>;
}

export interface NewspapersLiveBatches {
  /**
   * When the site says that it loaded it: when that changes it is read again.
   */
  ingested: string | null;
  name: string;
  /**
   * Why its issues could not be read when it was last looked at; null: the index has all of them.
   */
  problem: string | null;
  read_at: Generated<Timestamp>;
  url: string;
}

export interface NewspapersLiveIssues {
  batch_url: string;
  date: string;
  edition: number;
  lccn: string;
  url: string;
}

export interface NewspapersLiveTitles {
  lccn: string;
  name: string;
  url: string;
}

export interface NewspapersOrgs {
  /**
   * MARC organisation code, e.g. oru. It names a directory of the scan upload area.
   */
  code: string;
  created_at: Generated<Timestamp>;
  id: Generated<number>;
  name: string;
}

export interface NewspapersPageConformance {
  /**
   * validated: veraPDF found it to be PDF/A-2b. unvalidated: it says so, and no validator was there. failed: it is a plain PDF, because the conversion failed or would have changed the page.
   */
  conformance: string;
  issue_id: number;
  judged_at: Generated<Timestamp>;
  sha256: Buffer;
}

export interface NewspapersPages {
  issue_id: number;
  /**
   * The page number as printed; null while nobody has looked, or when no_label says there is none.
   */
  label: string | null;
  /**
   * Somebody looked: the page carries no printed number. NCA: label "0".
   */
  no_label: Generated<boolean>;
  number: number;
}

export interface NewspapersTitles {
  created_at: Generated<Timestamp>;
  /**
   * How long after its date an issue stays unpublished, e.g. "1 year 6 months"; null: not at all.
   */
  embargo: string | null;
  id: Generated<number>;
  /**
   * ISO 639-2 code of MARC 008/35-37; null counts as eng.
   */
  language: string | null;
  lccn: string;
  marc_location: string | null;
  marc_title: string | null;
  /**
   * As entered by hand; marc_title is shown instead once the title is validated.
   */
  name: string;
  /**
   * Awardee of its born-digital issues; null: setting PDF_BATCH_MARC_ORG_CODE. Scans name theirs by directory.
   */
  org_id: number | null;
  /**
   * URL of a rights statement.
   */
  rights: string | null;
  /**
   * An upload directory is named after the LCCN or after this.
   */
  sftp_user: string | null;
  /**
   * When a MARC record with a title and a place was found for the LCCN.
   */
  validated_at: Timestamp | null;
}

export interface NewspapersUploadClocks {
  directory: string;
  /**
   * SHA-256 of the names, sizes, modes and times of its files.
   */
  fingerprint: string;
  seen_at: Timestamp;
  since: Timestamp;
}

export interface Pipelines {
  assigned_until: Timestamp | null;
  /**
   * Whose desk the question is on; counts while assigned_until lies ahead.
   */
  assignee: string | null;
  blocked_by: number | null;
  completed_at: Timestamp | null;
  created_at: Generated<Timestamp>;
  created_by: string;
  /**
   * Number of the answered question: the job at next_sequence runs with that decision in hand.
   */
  decision_rev: number | null;
  description: string;
  due_at: Timestamp | null;
  /**
   * Fencing token: moves at every claim, rescue and operator's act. A result that names another epoch is refused.
   */
  epoch: Generated<number>;
  error: JsonColumn | null;
  held_at: Timestamp | null;
  /**
   * The open question. It outlives a wake: while the job rechecks, the question can still be answered.
   */
  hold_action: string | null;
  hold_kind: string | null;
  hold_message: string | null;
  hold_payload: JsonColumn | null;
  /**
   * Number of the question; an answer must name it.
   */
  hold_rev: Generated<number>;
  hold_role: string | null;
  id: Generated<number>;
  name: string;
  next_sequence: number;
  object_id: number | null;
  object_type: string | null;
  priority: Generated<number>;
  /**
   * Queue of the job at next_sequence; written only when the pipeline becomes pending, so that a runner that goes on with it leaves the claim index alone.
   */
  queue: string;
  /**
   * How often in a row a runner died during the job at next_sequence.
   */
  rescues: Generated<number>;
  run_at: Generated<Timestamp>;
  runner_id: number | null;
  snooze_reason: string | null;
  /**
   * hold_rev that was snoozed: the next question is not.
   */
  snoozed_rev: number | null;
  snoozed_until: Timestamp | null;
  started_at: Timestamp | null;
  status: Generated<string>;
  step_started_at: Timestamp | null;
  wake_at: Timestamp | null;
}

export interface Progress {
  at: Generated<Timestamp>;
  done: number;
  /**
   * Progress that its job did not repeat by then means nothing: its runner died.
   */
  expires_at: Generated<Timestamp>;
  pipeline_id: number;
  sequence: number;
  total: number;
  unit: string;
}

export interface Runners {
  /**
   * Boot of the host, process namespace and start of the process: tells a living pid from a reused one.
   */
  boot_id: string;
  heartbeat_at: Generated<Timestamp>;
  host: string;
  id: Generated<number>;
  pid: number;
  queues: JsonColumn;
  started_at: Generated<Timestamp>;
  stopped_at: Timestamp | null;
  version: string;
}

export interface Users {
  deactivated_at: Timestamp | null;
  login: string;
  name: string;
  /**
   * Words of the domain's roles, sorted, none twice; one that holds all others stands alone.
   */
  roles: Generated<string[]>;
}

export interface Watchers {
  completed_at: Timestamp | null;
  error: JsonColumn | null;
  name: string;
  next_run_at: Generated<Timestamp>;
  runner_id: number | null;
  started_at: Timestamp | null;
}

export interface DB {
  decisions: Decisions;
  events: Events;
  file_sets: FileSets;
  files: Files;
  job_list: JobList;
  job_logs: JobLogs;
  jobs: Jobs;
  locks: Locks;
  'newspapers.agent_host_keys': NewspapersAgentHostKeys;
  'newspapers.agent_jobs': NewspapersAgentJobs;
  'newspapers.batches': NewspapersBatches;
  'newspapers.flagged_issues': NewspapersFlaggedIssues;
  'newspapers.issues': NewspapersIssues;
  'newspapers.live_batches': NewspapersLiveBatches;
  'newspapers.live_issues': NewspapersLiveIssues;
  'newspapers.live_titles': NewspapersLiveTitles;
  'newspapers.orgs': NewspapersOrgs;
  'newspapers.page_conformance': NewspapersPageConformance;
  'newspapers.pages': NewspapersPages;
  'newspapers.titles': NewspapersTitles;
  'newspapers.upload_clocks': NewspapersUploadClocks;
  pipelines: Pipelines;
  progress: Progress;
  runners: Runners;
  users: Users;
  watchers: Watchers;
}
