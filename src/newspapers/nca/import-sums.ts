/** SHA-256 sums that NCA took when the metadata of an issue was entered: the file `.manifest` of its directory (newspapers spec 5.7, W17). */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { atOnce } from '../../files/at-once.js';
import { sha256OfAll } from '../../files/checksum.js';
import { isClutter } from '../../files/clutter.js';
import { existing } from '../../files/existing.js';
import { recordFiles, type FileRecord, type KeptRecord } from '../../files/fixity/file-records.js';
import { listTree } from '../../files/list-tree.js';
import { readManifest, type Manifest } from '../../files/manifest.js';
import { issueObject } from '../issues.js';
import { listed } from '../listed.js';
import type { ImportWork } from './import-work.js';

/** A disk answers some at a time. */
const ISSUES_AT_ONCE = 4;
const CHUNK = 100;

/** What is known of the files of the imported issues. */
export interface SumCounts {
  /** Issues whose files are recorded now. */
  recorded: number;
  /** Issues with files, but without sums. */
  without: number;
  /** Files that are newer than the manifest, of which the sum was taken now. */
  hashed: number;
}

interface Issue {
  id: number;
  location: string;
  workflow_step: string;
}

type Found =
  | { is: 'recorded'; issue: Issue; files: (FileRecord | KeptRecord)[]; hashed: number; differing: string[] }
  | { is: 'without' | 'gone'; issue: Issue };

/** Records the files of every issue in the workflow whose directory says what they must be; the others are counted. */
export async function importSums(work: ImportWork): Promise<SumCounts> {
  const { trx, signal } = work;
  const { rows: issues } = await sql<Issue>`
    select id, location, workflow_step from newspapers.issues where not ignored and location is not null order by id`.execute(
    trx,
  );
  const all: Found[] = [];
  for (let from = 0; from < issues.length; from += CHUNK) {
    const some = issues.slice(from, from + CHUNK);
    for (const found of await atOnce(ISSUES_AT_ONCE, some, findSums, signal)) {
      if (found.is === 'recorded') await record(work, found);
      all.push(found.is === 'recorded' ? { ...found, files: [] } : found); // the names of all files are too many to keep
    }
    work.tell(`sums of ${from + some.length} of ${issues.length} issues`);
  }
  return tell(work, all);
}

/**
 * What the manifest says stands, also where the file is another by now: then the next job, and "issues verify", tell of
 * it. What came after the manifest (METS, the archived upload) is read now.
 */
async function findSums(issue: Issue, signal: AbortSignal): Promise<Found> {
  const { location } = issue;
  if (!(await existing(location, 'directory'))) return { is: 'gone', issue };
  const manifest = await readManifest(location);
  if (!manifest || !isHashed(manifest)) return { is: 'without', issue };
  const recordedAt = new Date(Number(manifest.created / 1_000_000n));
  const files = manifest.files
    .filter(({ name }) => !isClutter(name))
    .map(({ name, size, sum }): KeptRecord => ({ path: name, size, sha256: sum, recordedAt, pipelineId: null }));
  const differing: string[] = [];
  for (const { path, size } of files) {
    const there = await stat(join(location, path)).catch(() => undefined); // whatever keeps it from being read, it is not as it was
    if (there?.size !== size)
      differing.push(there ? `${path} has ${there.size} bytes, not ${size}` : `${path} is gone`);
  }
  const known = new Set(files.map(({ path }) => path));
  const later = (await listTree(location, signal)).files.filter(({ path }) => !known.has(path) && !isClutter(path));
  const sums = await sha256OfAll(later.map(({ path }) => join(location, path)), signal); // prettier-ignore
  const read = later.map(({ path, size }, i) => ({ path, size, sha256: sums[i] ?? '' }));
  return { is: 'recorded', issue, files: [...files, ...read], hashed: read.length, differing };
}

const isHashed = ({ hashAlgo, files }: Manifest) =>
  hashAlgo === 'sha256' && files.length > 0 && files.every(({ sum }) => /^[\da-f]{64}$/.test(sum));

async function record({ trx }: ImportWork, { issue, files }: Extract<Found, { is: 'recorded' }>): Promise<void> {
  for (const role of ROLES) {
    const ofRole = files.filter(({ path }) => roleOf(path) === role);
    const set = { object: issueObject(issue.id), role, directory: issue.location, pipelineId: null, files: ofRole };
    if (ofRole.length > 0) await recordFiles(trx, set);
  }
}

const ROLES = ['page', 'derivative', 'mets', 'original'] as const;

/** As our own pipelines record them. */
function roleOf(path: string): (typeof ROLES)[number] {
  if (/\.(pdf|tiff?)$/i.test(path)) return 'page';
  if (path === 'original.tar') return 'original';
  return /^\d{10}\.xml$/.test(path) ? 'mets' : 'derivative';
}

function tell({ notices }: ImportWork, all: readonly Found[]): SumCounts {
  const recorded = all.filter((found) => found.is === 'recorded');
  const without = all.filter(({ is }) => is === 'without').map(({ issue }) => issue);
  const gone = all.filter(({ is }) => is === 'gone').map(({ issue }) => String(issue.id));
  const forBatches = without.filter(
    ({ workflow_step: step }) => step.startsWith('ReadyFor') && step.endsWith('atching'),
  );
  if (without.length > forBatches.length)
    notices.push(
      `${without.length - forBatches.length} issues have no sums of their files; they get them when they go on, or with "bin/issues verify ID --accept REASON"`,
    );
  if (forBatches.length > 0)
    notices.push(
      `${forBatches.length} issues that wait for a batch or are in one have no sums of their files, and no batch is built of them before "bin/issues verify ID --accept REASON": ${listed(forBatches.map(({ id }) => String(id)))}`,
    );
  if (gone.length > 0)
    notices.push(`the directories of ${gone.length} issues are not here (${listed(gone)}): are NCA's disks mounted?`);
  for (const { issue, differing } of recorded.filter((found) => found.differing.length > 0))
    notices.push(
      `DAMAGED issue ${issue.id} in ${issue.location}: ${listed(differing)}; put the files back, or "bin/issues verify ${issue.id} --accept REASON"`,
    );
  const hashed = recorded.reduce((sum, found) => sum + found.hashed, 0);
  return { recorded: recorded.length, without: without.length, hashed };
}
