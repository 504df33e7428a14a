/** Room on the disks of the areas, as this host sees them. */
import { statfs } from 'node:fs/promises';
import type { Settings } from '../../../settings.js';
import { gauge, type Family } from './exposition.js';

const EVERY_MS = 30_000;

interface Room {
  free: number;
  size: number;
  freeFiles: number;
}

/** The settings that name areas. */
const areasOf = (settings: Settings): [string, string][] =>
  Object.entries(settings).filter(
    (entry): entry is [string, string] => /_PATH$/.test(entry[0]) && typeof entry[1] === 'string',
  );

/**
 * Looks at one area after the other, and again when all have answered: a mount whose server is away answers never, and each look at
 * it takes one of Node's few threads for files. So one thread is lost to it, not all; the figures of that area are then missing.
 */
export class DiskFigures {
  private readonly rooms = new Map<string, Room>();
  private readonly areas: [string, string][];
  private looking: { area: string; since: number } | undefined;
  private lookedAt = -Infinity;

  constructor(settings: Settings) {
    this.areas = areasOf(settings);
  }

  /** What was seen last; a look that is due begins now and is not waited for. */
  families(): Family[] {
    if (!this.looking && performance.now() - this.lookedAt >= EVERY_MS) void this.look();
    const stuck = this.looking && performance.now() - this.looking.since > EVERY_MS ? this.looking.area : undefined;
    const seen = [...this.rooms].filter(([area]) => area !== stuck);
    return [
      gauge(
        'pressmark_area_up',
        'Whether this host sees the area.',
        ...this.areas.map(([area]) => ({ labels: { area }, value: seen.some(([name]) => name === area) ? 1 : 0 })),
      ),
      gauge(
        'pressmark_area_free_bytes',
        'Room on the disk of an area.',
        ...seen.map(([area, { free }]) => ({ labels: { area }, value: free })),
      ),
      gauge(
        'pressmark_area_size_bytes',
        'Size of the disk of an area.',
        ...seen.map(([area, { size }]) => ({ labels: { area }, value: size })),
      ),
      gauge(
        'pressmark_area_free_files',
        'Files that the disk of an area can still take.',
        ...seen.map(([area, { freeFiles }]) => ({ labels: { area }, value: freeFiles })),
      ),
    ];
  }

  /** Looks now. Resolves when all areas have answered. */
  async look(): Promise<void> {
    for (const [area, path] of this.areas) {
      this.looking = { area, since: performance.now() };
      try {
        const { bavail, bsize, blocks, ffree } = await statfs(path);
        this.rooms.set(area, { free: bavail * bsize, size: blocks * bsize, freeFiles: ffree });
      } catch {
        this.rooms.delete(area); // not there: `up` says so
      }
    }
    this.looking = undefined;
    this.lookedAt = performance.now();
  }
}
