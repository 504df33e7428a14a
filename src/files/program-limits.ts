/**
 * What an outside program may take of its host (design 5; issue of security): a file that was made to harm must cost its
 * own page, never the host's memory, processors or disk.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

/** Programs that read what publishers deliver, each on one processor. The largest legal page takes them about 2 GB. */
const READERS: readonly string[] = ['pdftoppm', 'pdftotext', 'pdfinfo', 'pdffonts', 'pdfimages', 'qpdf', 'gs'];
const MOST_MEGABYTES = 8192;
/** Of what the host (or its container) has. */
const SHARE = 0.75;
/** The largest legal picture is 1.5 GB uncompressed; copies of uploaded PDFs may be larger. */
const MOST_FILE_MEGABYTES = 16_384;
/** Text with its places: a page that is nothing but print makes some 5 MB of it. It is read into memory afterwards. */
const MOST_TEXT_MEGABYTES = 64;
/** Of their time by the clock, which also counts slow disks: what uses this much of a processor would so at every try. */
const READERS_SHARE_OF_TIME = 2 / 3;
/** Between the signal that a program may still answer to, and the end. */
const LAST_SECONDS = 2;
const MEGABYTE = 1024 * 1024;

/** What these programs print when memory is refused to them; poppler then leaves out a picture and exits with 0. */
export const OUT_OF_MEMORY =
  /out of memory|bogus memory allocation|exceeds system limits|bad_alloc|cannot allocate memory/i;

export interface ResourceLimits {
  /** Of address space; undefined: what it needs. */
  memoryMegabytes: number | undefined;
  /** Of processor time. It holds also while this process is stopped, or too busy to look at its clock. */
  cpuSeconds: number;
  /** Of each file that it writes. */
  fileMegabytes: number;
}

/**
 * @param timeoutSeconds what it may take by the clock
 */
export function limitsOf(program: string, timeoutSeconds: number): ResourceLimits {
  const isReader = READERS.includes(program);
  return {
    memoryMegabytes: isReader ? shareOfMemory() : undefined,
    cpuSeconds: Math.ceil(timeoutSeconds * (isReader ? READERS_SHARE_OF_TIME : availableParallelism())),
    fileMegabytes: program === 'pdftotext' ? MOST_TEXT_MEGABYTES : MOST_FILE_MEGABYTES,
  };
}

function shareOfMemory(): number {
  const contained = process.constrainedMemory();
  const available = contained > 0 ? Math.min(contained, totalmem()) : totalmem();
  return Math.min(MOST_MEGABYTES, Math.floor((available * SHARE) / MEGABYTE));
}

/**
 * The same as options of prlimit(1), but never more than this process may itself: only root could raise that. What crashes
 * leaves no core: it would hold the pages of others' newspapers.
 */
export function prlimitOptions({ memoryMegabytes, cpuSeconds, fileMegabytes }: ResourceLimits): readonly string[] {
  const own = ownHardLimits();
  const cpu = Math.min(cpuSeconds + LAST_SECONDS, own('Max cpu time'));
  return [
    ...(memoryMegabytes === undefined
      ? []
      : [`--as=${Math.min(memoryMegabytes * MEGABYTE, own('Max address space'))}`]),
    `--cpu=${Math.min(cpuSeconds, cpu)}:${cpu}`,
    `--fsize=${Math.min(Math.floor(fileMegabytes * MEGABYTE), own('Max file size'))}`,
    '--core=0',
  ];
}

let ownLimits: string | undefined;

/** What this process can at most give itself, by the names of proc(5). */
function ownHardLimits(): (name: string) => number {
  ownLimits ??= readFileSync('/proc/self/limits', 'utf8');
  const lines = ownLimits.split('\n');
  return (name) => {
    const [, hard] =
      lines
        .find((line) => line.startsWith(name))
        ?.slice(name.length)
        .trim()
        .split(/\s+/) ?? [];
    return hard === undefined || hard === 'unlimited' ? Infinity : Number(hard);
  };
}

/** What the signal says that ended a program at one of its limits; undefined: it was something else. */
export function limitMet(signal: NodeJS.Signals | null, limits: ResourceLimits): string | undefined {
  if (signal === 'SIGXCPU') return `used more than ${limits.cpuSeconds} s of a processor`;
  if (signal === 'SIGXFSZ') return `wrote a file of more than ${limits.fileMegabytes} MB`;
  return undefined;
}
