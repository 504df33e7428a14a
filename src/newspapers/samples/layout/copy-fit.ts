/** Fits a story to its columns: as many paragraphs as there is room for, and an end that leaves no hole. */
import type { Story } from '../text/story.js';
import { breakLines, type Line, type ParagraphStyle } from '../typeset/lines.js';

/** Sentences tried for the last lines before a short hole is accepted. */
const TRIES = 12;

export interface CopyStyle {
  paragraph: ParagraphStyle;
  /** For crossheads: centred, one line of the grid each. */
  crosshead: ParagraphStyle;
  /** Sentences of a paragraph at most. */
  most: number;
}

/** Exactly or nearly `room` lines of the story; `undefined` stands for an empty line. */
export function fitCopy(story: Story, room: number, style: CopyStyle): (Line | undefined)[] {
  const lines: (Line | undefined)[] = [];
  const set = (sentences: readonly string[]): Line[] => breakLines(sentences.join(' '), style.paragraph);
  const enough = Math.min(room, 6);

  while (room - lines.length >= enough) {
    const passage = story.passage(style.most);
    const left = room - lines.length;
    if (passage.kind === 'crosshead') {
      const heading = breakLines(passage.text, style.crosshead);
      if (left < heading.length + 8) break;
      lines.push(undefined, ...heading);
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
    if (paragraph.length === left || (paragraph.length < left - 1 && tried > 2) || (tried > 6 && paragraph.length < left)) lines.push(...paragraph);
  }
  return lines;
}
