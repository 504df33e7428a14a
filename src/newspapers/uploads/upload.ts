/** What a scan of an upload area finds (newspapers spec 5.1, 5.4). */
import type { IssueKey } from '../issue-key.js';
import type { Org } from '../orgs.js';
import type { Title } from '../titles.js';
import type { IssueKind } from '../workflow-step.js';

/** The rules of newspapers spec 5.4 that keep an upload out, and ours. */
export type UploadRule =
  | 'unknown organisation' // row 1
  | 'unknown title' // row 2
  | 'flagged by hand' // row 4
  | 'bad date' // row 5
  | 'bad edition' // row 6
  | 'no files' // row 7
  | 'unreadable' // row 8
  | 'no TIFF' // row 9
  | 'pairs differ' // rows 10, 11
  | 'subdirectory' // row 12
  | 'not a regular file' // row 13
  | 'bad extension' // row 14
  | 'modified too recently' // row 15
  | 'bad name'; // ours: a name that is no text cannot be copied

export interface Problem {
  rule: UploadRule;
  /** For people, with the remedy. */
  message: string;
}

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
  /** None: it may be queued. */
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
