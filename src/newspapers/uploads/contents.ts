/** What may lie in an issue's directory (newspapers spec 5.4 rows 7 to 14). */
import type { Dirent } from 'node:fs';
import { extname } from 'node:path';
import type { IssueKind } from '../workflow-step.js';
import type { Problem } from './upload.js';

const EXTENSIONS = { borndigital: ['.pdf'], scan: ['.pdf', '.tif', '.tiff'] } as const satisfies Record<
  IssueKind,
  string[]
>;

/** The file's extension as the rules compare it. */
export const extension = (name: string): string => extname(name).toLowerCase();

/** Checks the entries of an issue's directory, given in order of their names. */
export function checkContents(kind: IssueKind, entries: readonly Dirent[]): Problem[] {
  const rest = entries.filter((entry) => entry.name !== '.manifest');
  if (rest.length === 0) return [{ rule: 'no files', message: 'issue has no files' }];
  const problems = rest.flatMap((entry) => checkEntry(kind, entry));
  return kind === 'scan' ? [...checkPairs(rest), ...problems] : problems;
}

function checkEntry(kind: IssueKind, entry: Dirent): Problem[] {
  const name = JSON.stringify(entry.name);
  if (entry.isDirectory())
    return [{ rule: 'subdirectory', message: `${name} is a subdirectory; an issue is one flat directory` }];
  if (!entry.isFile())
    return [{ rule: 'not a regular file', message: `${name} is not a regular file; replace it by the file itself` }];
  if (entry.name.includes('\ufffd')) return [{ rule: 'bad name', message: `${name} is not named in UTF-8; rename it` }];
  const known: readonly string[] = EXTENSIONS[kind];
  if (known.includes(extension(entry.name)) || entry.name.startsWith('.') || entry.name.toLowerCase() === 'thumbs.db')
    return [];
  return [{ rule: 'bad extension', message: `${name} has an invalid extension; only ${known.join(', ')} may be here` }];
}

/** Rows 9 to 11: one TIFF and one PDF per page, equal but for the extension (5.1). */
function checkPairs(entries: readonly Dirent[]): Problem[] {
  const bases = (...extensions: string[]) =>
    entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && extensions.includes(extension(entry.name)))
      .map((entry) => entry.name.slice(0, -extname(entry.name).length))
      .sort();
  const tiffs = bases('.tif', '.tiff');
  const pdfs = bases('.pdf');
  if (tiffs.length === 0)
    return [{ rule: 'no TIFF', message: 'invalid contents: one or more TIFF files must be present' }];
  const differ = (how: string): Problem[] => [
    { rule: 'pairs differ', message: `invalid contents: PDF/TIFF files don't match: ${how}` },
  ];
  if (tiffs.length !== pdfs.length) return differ(`${pdfs.length} PDF, ${tiffs.length} TIFF; each page is one of both`);
  const at = tiffs.findIndex((base, index) => base !== pdfs[index]);
  if (at >= 0) return differ(`pair ${at + 1} is ${JSON.stringify(pdfs[at])} and ${JSON.stringify(tiffs[at])}`);
  const twice = tiffs.find((base, index) => base === tiffs[index + 1]);
  return twice === undefined ? [] : differ(`two pages are named ${JSON.stringify(twice)}`);
}
