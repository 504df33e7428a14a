/** What events say, in words for people: in lists of what happened, and in the text that is kept with an issue. */

/** Of what happened, what the words tell. */
export interface Happening {
  at: Date;
  actor: string;
  /** As in `events`. */
  kind: string;
  detail: Readonly<Record<string, unknown>>;
}

/** How events read; others by their own words. */
const VERB_PHRASES: Readonly<Record<string, string>> = {
  issue_created: 'took the issue in',
  imported: 'brought it over from NCA',
  user_comment: 'wrote a comment', // this and the next come from NCA
  internal_process: 'ran an internal process',
  duplicate_allowed: 'let it in as a duplicate',
  held: 'asked a question',
  decided: 'answered a question',
  claimed: 'claimed the question',
  released: 'released the question',
  assigned: 'assigned the question',
  snoozed: 'put the question off',
  unsnoozed: 'shows the question again',
  woken: 'had the question looked at again',
  failed_attempt: 'ran a job, which failed and will be tried again',
  failed: 'ran a job, which failed',
  rescued: 'went on after a runner had died',
  rescue_limit: 'stopped after runners had died again and again',
  set_back: 'had the running job begin again',
  release_reason: 'said why the question was released',
  requeued: 'let the work go on',
  skipped: 'left out a job',
  goto: 'moved the work to another job',
  cancelled: 'cancelled the work',
  pipeline_enqueued: 'enqueued a pipeline',
  pipeline_ended: 'ended a pipeline',
  error_reported: 'reported an unfixable error',
  pages_reviewed: 'ended the page review',
  metadata_saved: 'kept a draft of the metadata',
  metadata_submitted: 'entered the metadata and sent it to review',
  warnings_accepted: 'accepted warnings',
  metadata_approved: 'approved the metadata',
  metadata_rejected: 'rejected the metadata',
  returned: 'returned the issue',
  removal_decided: 'decided to remove the issue',
  issue_removed: 'removed the issue',
  ready_for_batching: 'made the issue ready for a batch',
  begun_again: 'had it begun again',
  finalized_again: 'had it finalized again',
  upload_given_back: 'gave the upload back',
  files_accepted: 'recorded the files as they are',
  fixity_damaged: 'found damaged files',
  batch_created: 'made the batch',
  added_to_batch: 'put it into a batch',
  batch_built: 'built the batch',
  agent_asked: 'asked the ONI agent',
  batch_qc_ready: 'made it ready for quality control',
  batch_approved: 'approved the batch',
  batch_rejected: 'rejected the batch',
  rejection_aborted: 'took the rejection back',
  issue_flagged: 'flagged it',
  issue_unflagged: 'took its flag away',
  issues_flagged: 'flagged issues',
  issues_unflagged: 'took flags away',
  batch_finalized: 'finalized the flagging',
  batch_undone: 'undid the batch',
  batch_files_deleted: "deleted the batch's files",
  flagged_issues_removed: 'took the flagged issues out',
  removed_from_batch: 'took it out of its batch',
  batch_deleted: 'deleted the batch',
  went_live: 'put it on production',
  batch_live: 'put the batch on production and into the archive',
  batch_archived: 'said that it is in the dark archive',
  asked_again: 'had it asked again',
  batch_resumed: 'carried on what had been stopped',
  not_compared: 'did not compare the site with what was sent',
  declared_dead: 'declared the issue dead, as its work failed',
  deletion_decided: 'decided to delete its workflow files',
  workflow_files_deleted: 'deleted its workflow files',
  batch_done: 'ended the batch, its four weeks being over',
  patch_decided: 'decided to replace the batch by its next version',
  batch_patch_created: 'made the batch, the next version of another',
  moved_to_version: 'put it into the next version of its batch',
  batch_replaced: 'replaced the batch by its next version',
  unpush_decided: 'decided to take the batch back from production',
  batch_unpushed: 'took the batch back from production',
  unpushed_from_batch: 'took it back from production, ready for another batch',
};

/** What somebody did: "rejected the metadata". */
export const phraseOf = (kind: string): string => VERB_PHRASES[kind] ?? oneLine(kind).replaceAll('_', ' ');

/** What people wrote or were told of it, a line each; empty: nothing. */
export function messageOf({ kind, detail }: Pick<Happening, 'kind' | 'detail'>): string {
  const { verb, message, comment, notes, reason, error, warnings, fields } = detail;
  const failure = error !== null && typeof error === 'object' && 'message' in error ? error.message : error;
  const texts = [verb, message, comment, notes, reason, failure, ...listOf(warnings), special(kind, detail)];
  if (Array.isArray(fields)) texts.push(fields.join(', '));
  return texts.filter((text): text is string => typeof text === 'string' && text.trim() !== '').join('\n');
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function special(kind: string, detail: Happening['detail']): unknown {
  const { name, to, owner, formerKey, key, pages, files, batch, issues, location, archive } = detail;
  if (kind === 'pipeline_enqueued' || kind === 'pipeline_ended') return name;
  if (kind === 'returned') return `to ${String(to)}${typeof owner === 'string' ? `, for ${owner}` : ''}`;
  if (kind === 'assigned') return typeof to === 'string' ? `to ${to}` : undefined;
  if (kind === 'metadata_submitted' && typeof key === 'string') return `as ${key}, until then ${String(formerKey)}`;
  if (kind === 'pages_reviewed' && typeof pages === 'number') return `${pages} pages`;
  if (kind === 'ready_for_batching' && typeof files === 'number') return `${files} files`;
  if (kind === 'batch_created' && typeof issues === 'number') return issues === 1 ? '1 issue' : `${issues} issues`;
  if (kind === 'batch_built' || kind === 'batch_live') return location ?? archive;
  if (kind.endsWith('_batch') || kind === 'went_live' || kind === 'moved_to_version') return batch;
  if (Array.isArray(issues)) return issues.join(', ');
  return undefined;
}

/** Without line breaks. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ');
