/** How a paper looks: its page, its grid and its type. */
import type { Faces } from '../fonts/faces.js';
import type { Face } from '../fonts/face.js';
import type { Era } from '../text/gazetteer.js';
import type { TypeStyle } from '../typeset/lines.js';

export interface PaperStyle {
  era: Era;
  /** In points. */
  page: { width: number; height: number };
  margin: { top: number; bottom: number; side: number };
  columns: number;
  gutter: number;
  /** Distance of the lines of the body: the unit of the page's grid. */
  leading: number;
  body: TypeStyle;
  small: TypeStyle & { leading: number };
  head: Face;
  strongHead: Face;
  italic: Face;
  bold: Face;
  label: Face;
  nameplate: Face;
  /** Weight of the rules between columns. */
  columnRule: number;
}

/** A tabloid of our days: five columns of 9-point type on 11 by 17 inches. */
export function tabloid(faces: Faces): PaperStyle {
  return {
    era: 'now',
    page: { width: 792, height: 1224 },
    margin: { top: 62, bottom: 36, side: 36 },
    columns: 5,
    gutter: 12,
    leading: 10.6,
    body: { face: faces['PTSerif-Regular'], size: 8.9 },
    small: { face: faces['LibreFranklin-Medium'], size: 6.8, leading: 8.4 },
    head: faces['PTSerif-Bold'],
    strongHead: faces['LibreFranklin-ExtraBold'],
    italic: faces['PTSerif-Italic'],
    bold: faces['PTSerif-Bold'],
    label: faces['LibreFranklin-Medium'],
    nameplate: faces['PTSerif-Bold'],
    columnRule: 0.25,
  };
}

/** A weekly of about 1910: six narrow columns of 8-point type on 14 by 20 inches, with rules between all of them. */
export function broadsheet(faces: Faces): PaperStyle {
  return {
    era: 'then',
    page: { width: 1008, height: 1440 },
    margin: { top: 62, bottom: 40, side: 40 },
    columns: 6,
    gutter: 11,
    leading: 9.6,
    body: { face: faces['OldStandard-Regular'], size: 8.9 },
    small: { face: faces['OldStandard-Regular'], size: 7.4, leading: 8 },
    head: faces['OldStandard-Bold'],
    strongHead: faces['OldStandard-Bold'],
    italic: faces['OldStandard-Italic'],
    bold: faces['OldStandard-Bold'],
    label: faces['OldStandard-Bold'],
    nameplate: faces['UnifrakturCook-Bold'],
    columnRule: 0.5,
  };
}
