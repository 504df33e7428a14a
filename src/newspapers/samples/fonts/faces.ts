/** The faces in the case: nine, all under the SIL Open Font Licence (fonts/LICENSE.txt). */
import { readFile } from 'node:fs/promises';
import { Face } from './face.js';
import { readWoff } from './woff.js';

export const FACE_NAMES = [
  'OldStandard-Regular',
  'OldStandard-Italic',
  'OldStandard-Bold',
  'PTSerif-Regular',
  'PTSerif-Italic',
  'PTSerif-Bold',
  'LibreFranklin-Medium',
  'LibreFranklin-ExtraBold',
  'UnifrakturCook-Bold',
] as const;
export type FaceName = (typeof FACE_NAMES)[number];
export type Faces = Readonly<Record<FaceName, Face>>;

/** The font files stay in the source tree: the compiler copies none, and dist/ lies beside src/. */
const DIRECTORY = new URL('../../../../src/newspapers/samples/fonts/', import.meta.url);

/** Reads all faces; a few milliseconds. */
export async function loadFaces(): Promise<Faces> {
  const loaded = await Promise.all(
    FACE_NAMES.map(async (name) => {
      const file = await readFile(new URL(`${name}.woff`, DIRECTORY));
      return [name, new Face(name, readWoff(file))] as const;
    }),
  );
  return Object.fromEntries(loaded) as Record<FaceName, Face>; // one entry for each of FACE_NAMES
}
