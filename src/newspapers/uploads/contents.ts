/** What may lie in an issue's directory (newspapers spec 5.4 rows 7 to 14). */
import { extname } from 'node:path';
import { isClutter } from '../../files/clutter.js';
import type { DirectoryEntry } from '../../files/read-directory.js';
import type { IssueKind } from '../workflow-step.js';
import { isText, shown } from './area.js';
import { problem, type Problem, type UploadRule } from './problem.js';

const EXTENSIONS = { borndigital: ['.pdf'], scan: ['.pdf', '.tif', '.tiff'] } as const satisfies Record<
  IssueKind,
  string[]
>;

/** The file's extension as the rules compare it. */
const extension = (name: string): string => extname(name).toLowerCase();

/** Whether it is a file with one of the extensions. */
export const hasExtension = ({ name, kind }: DirectoryEntry, ...extensions: string[]): boolean =>
  kind === 'file' && extensions.includes(extension(name));

/**
 * Checks the entries of an issue's directory, given in order of their names. Whether pages pair is asked only when every
 * entry can be one: what is wrong with the others may be all that is wrong.
 */
export function checkContents(kind: IssueKind, entries: readonly DirectoryEntry[]): Problem[] {
  const rest = entries.filter((entry) => entry.name !== '.manifest' || entry.kind !== 'file');
  if (rest.length === 0)
    return [problem('no files', 'issue has no files; put its pages here, or remove the directory')];
  if (rest.every((entry) => entry.kind === 'file' && isText(entry) && isClutter(entry.name)))
    return [problem('no files', 'issue has only hidden files, which are no pages; put its pages here, or remove the directory')]; // prettier-ignore
  const problems = rest.flatMap((entry) => checkEntry(kind, entry));
  if (kind !== 'scan' || problems.some(({ rule }) => NO_PAGES.includes(rule))) return problems;
  return [...checkPairs(rest), ...problems];
}

/** What cannot be read as a page of any name. */
const NO_PAGES: readonly UploadRule[] = ['subdirectory', 'not a regular file', 'bad name'];

function checkEntry(kind: IssueKind, entry: DirectoryEntry): Problem[] {
  const file = shown(entry);
  const name = isText(entry) ? JSON.stringify(file) : file;
  if (entry.kind === 'directory')
    return [problem('subdirectory', `${name} is a subdirectory; an issue is one flat directory`, { file })];
  if (entry.kind !== 'file')
    return [problem('not a regular file', `${name} is not a regular file; replace it by the file itself`, { file })];
  if (!isText(entry))
    return [
      problem('bad name', `a file named ${name} is not named in UTF-8; rename it to letters and digits`, { file }),
    ];
  const known: readonly string[] = EXTENSIONS[kind];
  if (known.includes(extension(file)) || isClutter(file)) return [];
  return [problem('bad extension', `${name} has an invalid extension; only ${known.join(', ')} may be here`, { file })];
}

/** Rows 9 to 11: one TIFF and one PDF per page, equal but for the extension (5.1). */
function checkPairs(entries: readonly DirectoryEntry[]): Problem[] {
  const tiffs = bases(entries, '.tif', '.tiff');
  const pdfs = bases(entries, '.pdf');
  if (tiffs.length === 0) {
    const remedy = 'put the TIFF of each page beside its PDF';
    return [problem('no TIFF', `invalid contents: one or more TIFF files must be present; ${remedy}`)];
  }
  const differ = (how: string): Problem[] => [
    problem(
      'pairs differ',
      `invalid contents: PDF/TIFF files don't match: ${how}; each page is one of both, named alike`,
    ),
  ];
  if (tiffs.length !== pdfs.length) return differ(`${pdfs.length} PDF, ${tiffs.length} TIFF`);
  const at = tiffs.findIndex((base, index) => base !== pdfs[index]);
  if (at >= 0) return differ(`pair ${at + 1} is ${JSON.stringify(pdfs[at])} and ${JSON.stringify(tiffs[at])}`);
  const twice = tiffs.find((base, index) => base === tiffs[index + 1]);
  return twice === undefined ? [] : differ(`two pages are named ${JSON.stringify(twice)}`);
}

/** The names, without them, of the files that have one of the extensions. */
const bases = (entries: readonly DirectoryEntry[], ...extensions: string[]): string[] =>
  entries
    .filter((entry) => !entry.name.startsWith('.') && hasExtension(entry, ...extensions))
    .map((entry) => entry.name.slice(0, -extname(entry.name).length))
    .sort();
