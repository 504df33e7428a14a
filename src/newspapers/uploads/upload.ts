/** What a scan of an upload area finds (newspapers spec 5.1, 5.4). */
import type { IssueKey } from '../issue-key.js';
import type { Org } from '../orgs.js';
import type { Title } from '../titles.js';
import type { IssueKind } from '../workflow-step.js';
import type { Problem } from './problem.js';

/** One directory that holds, or should hold, an issue. */
export interface Upload {
  found: 'upload';
  kind: IssueKind;
  /** Absolute. */
  directory: string;
  /** The title's directory, as it is named. */
  titleDirectory: string;
  title: Title | undefined;
  org: Org | undefined;
  /** Known once title, date and edition are. */
  key: IssueKey | undefined;
  /** Those that names and places show (rows 1 to 14); the others take a closer look. */
  problems: Problem[];
}

/** Something in an upload area that is no issue and keeps issues from being found. */
export interface Obstacle {
  found: 'obstacle';
  /** Absolute. */
  path: string;
  problem: Problem;
}

export type Finding = Upload | Obstacle;
