/** Compares files with what the database says of them. */
import { FatalError } from '../../engine/job.js';
import { isClutter } from '../clutter.js';
import { quoted } from '../quoted.js';
import type { KeptRecord } from './file-records.js';

/** A file that is not as its record says. */
export type Damage =
  | { path: string; is: 'missing' }
  | { path: string; is: 'unexpected' }
  | { path: string; is: 'unreadable'; reason: string }
  /** Sums: in hex; of a file whose size tells enough it was not taken. */
  | {
      path: string;
      is: 'changed';
      size: number;
      recordedSize: number;
      sha256: string | undefined;
      recordedSha256: string;
      recordedAt: Date;
    };

/** A file as it is found; without a sum when it was not read. */
export interface FoundFile {
  path: string;
  size: number;
  sha256?: string;
}

/** Every difference, in the order of the paths. Sums are compared where the found file has one. */
export function compareFiles(recorded: readonly KeptRecord[], found: readonly FoundFile[]): Damage[] {
  const records = new Map(recorded.map((record) => [record.path, record]));
  const there = new Set(found.map(({ path }) => path));
  const damage: Damage[] = recorded
    .filter(({ path }) => !there.has(path))
    .map(({ path }) => ({ path, is: 'missing' as const }));
  for (const { path, size, sha256 } of found) {
    const record = records.get(path);
    if (!record && !isClutter(path)) damage.push({ path, is: 'unexpected' });
    if (!record || (size === record.size && (sha256 === undefined || sha256 === record.sha256))) continue;
    const { size: recordedSize, sha256: recordedSha256, recordedAt } = record;
    damage.push({ path, is: 'changed', size, recordedSize, sha256, recordedSha256, recordedAt });
  }
  return damage.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** One line about a damaged file, with both sums. */
export function tellDamage(damage: Damage): string {
  const name = quoted(damage.path);
  if (damage.is === 'missing') return `${name} is missing`;
  if (damage.is === 'unexpected') return `${name} is there but was never recorded`;
  if (damage.is === 'unreadable') return `${name} cannot be read: ${damage.reason}`;
  const { size, recordedSize, sha256, recordedSha256, recordedAt } = damage;
  const now = sha256 === undefined ? `${size} bytes long` : `${size} bytes with SHA-256 ${sha256}`;
  return `${name} is ${now}, but was ${recordedSize} bytes with SHA-256 ${recordedSha256} on ${recordedAt.toISOString()}`;
}

const TOLD_AT_MOST = 10;

const REMEDY =
  'Put back what was recorded (from the original upload or a backup) and requeue; if what is there now is right, have it ' +
  'recorded (verify --accept), then requeue';

/** Files are not what the database says: a bit has flipped, or somebody was at them. No move goes on with them. */
export class FixityBroken extends FatalError {
  override name = 'FixityBroken';
  constructor(
    readonly directory: string,
    readonly damage: readonly Damage[],
    /** What helps where they lie. */
    remedy = REMEDY,
  ) {
    const told = damage.slice(0, TOLD_AT_MOST).map(tellDamage).join('; ');
    const more = damage.length > TOLD_AT_MOST ? `; and ${damage.length - TOLD_AT_MOST} more` : '';
    super(
      `${damage.length === 1 ? 'A file' : `${damage.length} files`} in ${quoted(directory)} ` +
        `${damage.length === 1 ? 'is' : 'are'} not as recorded: ${told}${more}. ${remedy}`,
    );
  }
}

/** @throws {FixityBroken} */
export function assertAsRecorded(
  directory: string,
  recorded: readonly KeptRecord[],
  found: readonly FoundFile[],
  remedy?: string,
): void {
  const damage = compareFiles(recorded, found);
  if (damage.length > 0) throw new FixityBroken(directory, damage, remedy);
}
