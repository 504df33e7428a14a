/** What can be wrong with an upload: the rules of newspapers spec 5.4, their levels and whom they concern. */

/** Major: it cannot be queued. Minor: a person should look first. */
export type Level = 'major' | 'minor';

/** What a problem is of. `top`: of the upload area itself. */
export type Scope = 'top' | 'title' | 'issue' | 'file';

interface Rule {
  /** Numbers of spec 5.4; none: ours. */
  rows: readonly number[];
  level: Level;
  scope: Scope;
  /** Whether what it lies in counts as faulty too: a file's issue, an issue's title. */
  propagates: boolean;
}

const rule = (rows: readonly number[], scope: Scope, level: Level = 'major', propagates = true): Rule => ({
  rows,
  level,
  scope,
  propagates,
});

export const RULES = {
  'unknown organisation': rule([1], 'top'),
  'unknown title': rule([2], 'title'),
  'invalid title': rule([3], 'issue', 'major', false),
  'flagged by hand': rule([4], 'issue'),
  'bad date': rule([5], 'issue'),
  'bad edition': rule([6], 'issue'),
  'no files': rule([7], 'issue'),
  unreadable: rule([8], 'issue'),
  'no TIFF': rule([9], 'issue'),
  'pairs differ': rule([10, 11], 'issue'),
  subdirectory: rule([12], 'file'),
  'not a regular file': rule([13], 'file'),
  'bad extension': rule([14], 'file'),
  /** A name that is no text cannot be copied. */
  'bad name': rule([], 'file'),
  'modified too recently': rule([15], 'issue', 'major', false),
  'may be too new': rule([16], 'issue', 'minor', false),
  duplicate: rule([17], 'issue', 'minor'),
  'unreadable PDF': rule([18], 'file'),
  'no images': rule([19], 'file'),
  'invalid images': rule([20], 'file'),
} as const satisfies Record<string, Rule>;

export type UploadRule = keyof typeof RULES;

export interface Problem {
  rule: UploadRule;
  level: Level;
  scope: Scope;
  /** For people: what is wrong, and what to do. */
  message: string;
  /** The name of the file that a problem of scope `file` is of. */
  file?: string;
}

/** A problem by its rule. */
export const problem = (rule: UploadRule, message: string, more: { file?: string; scope?: Scope } = {}): Problem => ({
  rule,
  level: RULES[rule].level,
  scope: RULES[rule].scope,
  message,
  ...more,
});

export const isMajor = ({ level }: Problem): boolean => level === 'major';

/** Whether the issue itself, or one of its files, has an error: then no further checks are made of it (spec 5.4.1). */
export const hasIssueErrors = (problems: readonly Problem[]): boolean =>
  problems.some((each) => isMajor(each) && (each.scope === 'issue' || each.scope === 'file'));

/** Whether the title that it lies in is invalid, or its organisation: nothing below can be queued (row 3). */
export const hasTitleErrors = (problems: readonly Problem[]): boolean =>
  problems.some((each) => isMajor(each) && (each.scope === 'title' || each.scope === 'top'));

/** Whether a title counts as faulty because an issue with these problems lies in it. */
export const faultsTitle = (problems: readonly Problem[]): boolean =>
  problems.some((each) => isMajor(each) && RULES[each.rule].propagates);
