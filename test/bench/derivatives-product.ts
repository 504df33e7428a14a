/** The compiled modules that the bench of the derivatives measures, typed by their sources. */
import type * as ProgramsModule from '../../src/files/programs.js';
import type * as ThreadsModule from '../../src/files/threads.js';
import type * as DerivativesModule from '../../src/newspapers/derivatives/derivatives.js';
import type * as SplitModule from '../../src/newspapers/derivatives/split.js';
import type * as PdfImagesModule from '../../src/newspapers/pdf-images.js';

const built = async <Module>(path: string): Promise<Module> =>
  (await import(new URL(`../../dist/${path}`, import.meta.url).href)) as Module; // compiled from the source of that type

async function load() {
  const [programs, threads, derivatives, split, images] = await Promise.all([
    built<typeof ProgramsModule>('files/programs.js'),
    built<typeof ThreadsModule>('files/threads.js'),
    built<typeof DerivativesModule>('newspapers/derivatives/derivatives.js'),
    built<typeof SplitModule>('newspapers/derivatives/split.js'),
    built<typeof PdfImagesModule>('newspapers/pdf-images.js'),
  ]);
  return { ...programs, ...threads, ...derivatives, ...split, ...images };
}

let loaded: ReturnType<typeof load> | undefined;

export function product(): ReturnType<typeof load> {
  return (loaded ??= load());
}
