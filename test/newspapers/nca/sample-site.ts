/** A little NCA site with something of everything, for tests. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptySite, type Row, type Site } from './nca-tables.js';

const SEPARATOR = '\u241f';

/** In so many days, as NCA writes it. */
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19).replace('T', ' ');

/** An issue of the Morning Post. */
export function issueRow(area: string, id: number, date: string, step: string, more: Row = {}): Row {
  const humanName = `sn12345678-${date.replaceAll('-', '')}01-${id}`;
  return {
    ...{ id, marc_org_code: 'oru', lccn: 'sn12345678', date, edition: 1, workflow_step: step, human_name: humanName },
    ...{ location: join(area, humanName), ...more },
  };
}

/** A batch of the University. */
export const batchRow = (id: number, status: string, more: Row = {}): Row => ({
  ...{ id, marc_org_code: 'oru', name: `Rook${id}`, full_name: `batch_oru_20260101Rook${id}_ver01`, status },
  ...{ created_at: '2026-01-01 10:00:00', version: 1, ...more },
});

/**
 * Everything that can wait, and everything that is done.
 *
 * @param area where its directories are; nothing is made there
 */
export function sampleSite(area: string): Site {
  const issue = (id: number, date: string, step: string, more?: Row) => issueRow(area, id, date, step, more);
  const approved = { page_labels_csv: `1${SEPARATOR}2`, volume: 'XII', issue: '7', date_as_labeled: '1900-01-01', metadata_entry_user_id: 2, reviewed_by_user_id: 3, metadata_entered_at: '2026-10-01 08:00:00', metadata_approved_at: '2026-10-02 09:30:00.250000' }; // prettier-ignore
  return {
    ...emptySite(),
    mocs: [
      { id: 1, code: 'oru', name: 'University of Oregon' },
      { id: 2, code: 'mwa', name: `A "quoted"; 'single' \\ back\nline` },
    ],
    titles: [
      { id: 1, name: 'Post', lccn: 'sn12345678', rights: 'http://rights.example/1', valid_lccn: 1, marc_title: 'The morning post', marc_location: 'Salem, Or.' }, // prettier-ignore
      { id: 2, name: 'Abendblatt 🎈', lccn: 'sn87654321', embargo_period: '6 MONTHS 1year', sftp_user: 'abend', sftp_pass: 'secret', lang_code3: 'ger' }, // prettier-ignore
      { id: 3, name: 'Nowhere', lccn: 'sn11111111', embargo_period: '0', valid_lccn: 1, marc_title: 'Nowhere news' },
    ],
    users: [
      { id: 1, login: 'sys', roles: 'sysop' },
      { id: 2, login: 'ann', roles: 'issue curator' },
      { id: 3, login: 'rob', roles: 'issue reviewer,batch reviewer,issue reviewer' },
      { id: 4, login: 'gone', roles: 'issue curator', deactivated: 1 },
      { id: 5, login: 'max', roles: 'issue manager,site manager' },
    ],
    batches: [
      batchRow(1, 'live_done', { went_live_at: '2026-02-01 00:00:00', archived_at: '2026-02-02 00:00:00' }),
      batchRow(2, 'qc_ready', { location: join(area, 'out', 'batch_oru_20260101Rook2_ver01') }),
      batchRow(3, 'qc_flagging', { location: join(area, 'out', 'batch_oru_20260101Rook3_ver01') }),
      batchRow(4, 'live', { went_live_at: '2026-11-01 00:00:00' }),
      batchRow(5, 'deleted'),
      batchRow(6, 'live_archived', { went_live_at: '2026-11-01 00:00:00', archived_at: '2026-11-02 03:04:05' }),
    ],
    issues: [
      issue(10, '1900-01-01', 'AwaitingPageReview', { backup_location: join(area, 'backup') }),
      issue(11, '1900-01-02', 'ReadyForMetadataEntry', { page_labels_csv: SEPARATOR + SEPARATOR, workflow_owner_id: 2, workflow_owner_expires_at: inDays(3), draft_comment: "it's \"torn\"\r\non page 2" }), // prettier-ignore
      issue(12, '1900-01-03', 'ReadyForMetadataEntry', { workflow_owner_id: 2, workflow_owner_expires_at: inDays(-1), is_from_scanner: 1 }), // prettier-ignore
      issue(13, '1900-01-04', 'AwaitingMetadataReview', { ...approved, page_labels_csv: `1${SEPARATOR}0${SEPARATOR}`, metadata_approved_at: null, reviewed_by_user_id: 0, workflow_owner_id: 3, workflow_owner_expires_at: inDays(3), rejected_by_user_id: 3 }), // prettier-ignore
      issue(14, '1900-01-05', 'UnfixableMetadataError', { workflow_owner_id: 4, workflow_owner_expires_at: inDays(3) }),
      issue(15, '1900-01-06', 'UnfixableMetadataError', { ignored: 1, location: '', metadata_entry_user_id: 77 }),
      issue(16, '1900-01-07', 'ReadyForMETSXML', approved),
      issue(17, '1900-01-08', 'ReadyForBatching', approved),
      issue(18, '1900-01-09', 'ReadyForBatching', { ...approved, batch_id: 2 }),
      issue(19, '1900-01-10', 'ReadyForBatching', { ...approved, batch_id: 3 }),
      issue(20, '1900-01-11', 'InProduction', { ...approved, batch_id: 1, ignored: 1, location: '' }),
      issue(21, '1900-01-12', 'InProduction', { ...approved, batch_id: 4, ignored: 1 }),
      issue(22, '1900-01-13', 'ReadyForRebatching', approved),
      issue(23, '1900-01-08', 'ReadyForMetadataEntry', { page_labels_csv: '', human_name: '' }),
    ],
    batches_flagged_issues: [
      {
        id: 1,
        created_at: '2026-11-20 10:00:00',
        flagged_by_user_id: 3,
        batch_id: 3,
        issue_id: 19,
        reason: 'page 2 is upside down',
      },
      {
        id: 2,
        created_at: '2026-11-20 10:00:00',
        flagged_by_user_id: 3,
        batch_id: 2,
        issue_id: 18,
        reason: 'left over',
      },
    ],
    actions: [
      { id: 1, created_at: '2025-05-05 05:05:05', object_type: 'issue', object_id: 0, action_type: 'internal-process', user_id: -1, message: 'Issue data initialized in NCA' }, // prettier-ignore
      { id: 2, created_at: '2025-05-05 06:00:00', object_type: 'issue', object_id: 13, action_type: 'internal-process', user_id: -1, message: 'Moved issue from SFTP into NCA' }, // prettier-ignore
      { id: 3, created_at: '2025-05-06 07:00:00', object_type: 'issue', object_id: 13, action_type: 'metadata-entry', user_id: 2, message: 'Zeilen:\nÄ; "ö"\t\\ 🎈' }, // prettier-ignore
      { id: 4, created_at: '2025-05-07 07:00:00', object_type: 'issue', object_id: 14, action_type: 'report-unfixable-error', user_id: 99, message: 'page 3 is missing' }, // prettier-ignore
      {
        id: 5,
        created_at: '2025-05-08 07:00:00',
        object_type: 'batch',
        object_id: 3,
        action_type: 'reject-batch',
        user_id: 3,
        message: null,
      },
      {
        id: 6,
        created_at: '2025-05-08 08:00:00',
        object_type: 'batch',
        object_id: 5,
        action_type: 'purge-batch',
        user_id: 0,
        message: '',
      },
      { id: 7, created_at: '2025-05-08 08:00:00', object_type: 'issue', object_id: 4711, action_type: 'user-comment', user_id: 2, message: 'of an issue that is gone' }, // prettier-ignore
    ],
    pipelines: [{ id: 1, name: 'SFTPIssueMove', description: 'issue sn12345678/1900010101' }],
    jobs: [
      { id: 1, job_type: 'page_split', status: 'success', pipeline_id: 1 },
      { id: 2, job_type: 'page_split', status: 'failed_done', pipeline_id: 1 },
    ],
  };
}

/** The page-review folder of issue 10: five pages were split, one was deleted since. */
export async function makePageReview(area: string): Promise<void> {
  const directory = join(area, 'sn12345678-1900010101-10');
  await mkdir(directory, { recursive: true });
  for (const name of ['seq-0001.pdf', '2.pdf', 'seq-0004.pdf', 'seq-0005.pdf', '.manifest']) await writeFile(join(directory, name), name); // prettier-ignore
}

/** The files of issue 17 with NCA's manifest, METS and archived upload. */
export async function makeFinalized(area: string, humanName = 'sn12345678-1900010801-17'): Promise<string> {
  const directory = join(area, humanName);
  await mkdir(directory, { recursive: true });
  const names = ['0001.jp2', '0001.pdf', '0001.xml', '0002.jp2', '0002.pdf', '0002.xml'];
  for (const name of [...names, '1900010801.xml', 'original.tar']) await writeFile(join(directory, name), `of ${name}`);
  const Files = names.map((Name) => ({
    ...{ Name, Sum: createHash('sha256').update(`of ${Name}`).digest('hex'), Size: `of ${Name}`.length },
    ...{ Mode: 420, ModTime: '2026-10-01T08:00:00.123456789-07:00' },
  }));
  const manifest = { Created: '2026-10-01T08:00:01.5-07:00', Files, HashAlgo: 'sha256' };
  await writeFile(join(directory, '.manifest'), JSON.stringify(manifest));
  return directory;
}
