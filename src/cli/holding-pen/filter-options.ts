import type { Command } from 'commander';
import type { PenFilter } from '../../engine/pen/filter.js';
import { common } from '../program.js';
import { spanOption } from './time-options.js';

interface FilterOptions {
  action?: string;
  type?: string;
  title?: string;
  org?: string;
  age?: number;
  assignee?: string;
  text?: string;
  role?: string;
  failed?: boolean;
  overdue?: boolean;
  snoozed?: boolean;
  all?: boolean;
}

/** Adds the options by which the pen is filtered. */
export const filtered = (command: Command): Command =>
  common(command)
    .option('--action <name>', 'only this question, e.g. page_review')
    .option('--type <type>', 'only this pipeline, e.g. TakeInUpload, or type of object, e.g. issue')
    .option('--title <title>', 'only of this LCCN, or with this in the name of the title')
    .option('--org <code>', 'only of this organisation')
    .option('--age <span>', 'only what has stood for longer, e.g. 12h, 3d, 2w', spanOption)
    .option('--assignee <login>', 'only what this user has claimed; "me", or "none" for what nobody has')
    .option('--text <words>', 'only what is described by all these words')
    .option('--role <role>', 'only what holders of this role may answer')
    .option('--failed', 'only what failed')
    .option('--overdue', 'only what should have been answered by now')
    .option('--snoozed', 'only what is put off')
    .option('--all', 'also what waits for a time, another pipeline or an outside system, and what is put off');

/** The filter that the options name. */
export function toFilter({ age, assignee, ...options }: FilterOptions, actor: string): PenFilter {
  const desk = assignee === 'me' ? actor : assignee === 'none' ? null : assignee;
  return { ...options, olderThanSeconds: age, assignee: desk };
}
