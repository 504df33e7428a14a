/** Fits a story to its columns: as many paragraphs as there is room for, and an end that leaves no hole. */
import type { Story } from '../text/story.js';
import { breakLines, type Line, type ParagraphStyle } from '../typeset/lines.js';

/** Sentences tried for the last lines before a short hole is accepted. */
const TRIES = 12;
/** A crosshead is set only when this many lines can follow. */
const LEAST_AFTER_CROSSHEAD = 11;

export interface CopyStyle {
  paragraph: ParagraphStyle;
  /** For crossheads: centred, one line of the grid each. */
  crosshead: ParagraphStyle;
  /** Sentences of a paragraph at most. */
  most: number;
}

/** Lines under a crosshead at the foot of a column, at least. */
const UNDER_CROSSHEAD = 3;

/**
 * As many lines of the story as the columns have room for, or nearly; `undefined` stands for an empty line.
 *
 * @param rooms lines of each column
 */
export function fitCopy(story: Story, rooms: readonly number[], style: CopyStyle): (Line | undefined)[] {
  const room = rooms.reduce((sum, lines) => sum + lines, 0);
  const lines: (Line | undefined)[] = [];
  const set = (sentences: readonly string[]): Line[] => breakLines(sentences.join(' '), style.paragraph);
  let heading: Line[] = [];

  while (lines.length < room) {
    const left = room - lines.length;
    if (heading.length > 0) {
      const under = leftInColumn(rooms, lines.length) - heading.length - 1;
      if (under >= UNDER_CROSSHEAD) {
        lines.push(undefined, ...heading);
        heading = [];
      } else {
        const filler = set([story.closing()]);
        if (filler.length <= left) lines.push(...filler);
        else break;
      }
      continue;
    }
    const passage = story.passage(style.most);
    if (passage.kind === 'crosshead') {
      heading = breakLines(passage.text, style.crosshead);
      if (left < heading.length + LEAST_AFTER_CROSSHEAD) break;
      continue;
    }
    let sentences = passage.sentences;
    let paragraph = set(sentences);
    while (paragraph.length > left && sentences.length > 1) {
      sentences = sentences.slice(0, -1);
      paragraph = set(sentences);
    }
    if (paragraph.length > left) break;
    lines.push(...paragraph);
  }
  for (let tried = 0; tried < TRIES && lines.length < room; tried++) {
    const paragraph = set([story.closing()]);
    const left = room - lines.length;
    // an exact fit is best; after some tries one that leaves a little is good enough
    if (
      paragraph.length === left ||
      (paragraph.length < left - 1 && tried > 2) ||
      (tried > 6 && paragraph.length < left)
    ) {
      lines.push(...paragraph);
    }
  }
  return lines;
}

/** Lines between this one and the foot of its column. */
function leftInColumn(rooms: readonly number[], line: number): number {
  let foot = 0;
  for (const room of rooms) {
    foot += room;
    if (line < foot) return foot - line;
  }
  return 0;
}
