/** What a page asks for where a picture goes; the picture is made when all pages are laid out. */
import type { PictureKind } from '../text/topic.js';

export interface PictureRequest {
  kind: PictureKind;
  /** In points, on the page. */
  width: number;
  height: number;
  /** `photo`: continuous tone; `halftone`: the dots of a newspaper's screen; `engraving`: lines cut into wood. */
  treatment: 'photo' | 'halftone' | 'engraving';
  colour: boolean;
  seed: string;
}

/** A picture as a PDF carries it. */
export interface Picture {
  width: number;
  height: number;
  colour: boolean;
  /** Per component; a cut has one, black being 0. */
  bits: 1 | 8;
  filter: 'DCTDecode' | 'FlateDecode';
  data: Buffer;
}
