/** Metadata of many issues from a file: CSV or JSON (newspapers spec 9). */
import { readFile } from 'node:fs/promises';
import { nearest } from '../../engine/nearest.js';
import { metadataSubmission } from '../actions/metadata.js';

/** One issue's, as it stands in the file; its values are not looked at yet. */
export interface MetadataEntry {
  /** Where it stands, for messages: "line 7", "entry 2". */
  where: string;
  /** Its key or number. */
  issue: string;
  parameters: Record<string, unknown>;
}

/** The file as a whole is not what it must be: nothing of it was looked at. */
export class UnreadableMetadata extends Error {
  override name = 'UnreadableMetadata';
}

const ISSUE = 'issue';
/** What a line or an entry may tell. */
export const METADATA_COLUMNS = [ISSUE, ...Object.keys(metadataSubmission.shape)];

/**
 * Reads a file, whole: JSON when its name or its first letter says so, else CSV.
 *
 * @throws {UnreadableMetadata} naming the file, when it is not what it must be
 */
export async function readMetadataFile(path: string): Promise<MetadataEntry[]> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const { message } = error as Error;
    throw new UnreadableMetadata(`${path} cannot be read (${message}): give the path of a CSV or JSON file`);
  });
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes); // drops a byte order mark
    return /\.json$/i.test(path) || /^\s*[[{]/.test(text) ? readJson(text) : await readCsv(text);
  } catch (error) {
    if (error instanceof UnreadableMetadata) throw new UnreadableMetadata(`${path}: ${error.message}`);
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    throw new UnreadableMetadata(`${path}: it is no UTF-8: save it as "CSV UTF-8"`);
  }
}

/**
 * Reads JSON: a list of objects, or one object. A field that is left out, or null, is not given.
 *
 * @throws {UnreadableMetadata}
 */
export function readJson(text: string): MetadataEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UnreadableMetadata(`it is no JSON: ${(error as Error).message}`);
  }
  return (Array.isArray(parsed) ? (parsed as unknown[]) : [parsed]).map((entry, i) => {
    const where = `entry ${i + 1}`;
    if (entry === null || typeof entry !== 'object' || Array.isArray(entry))
      throw new UnreadableMetadata(`${where} is no object: ${fields()}`);
    checkNames(Object.keys(entry), where);
    return toEntry(where, Object.entries(entry).filter(([, value]) => value !== null)); // prettier-ignore
  });
}

/**
 * Reads CSV with a line of names first, separated by commas, semicolons or tabs, whichever that line has. An empty cell
 * is not given.
 *
 * @throws {UnreadableMetadata}
 */
export async function readCsv(text: string): Promise<MetadataEntry[]> {
  const head = text.split(/\r?\n/, 1)[0] ?? '';
  const delimiter = [',', ';', '\t'].find((each) => head.includes(each)) ?? ',';
  const lines: number[] = [];
  const rows = await parseCsv(text, delimiter, (line) => void lines.push(line));
  const [names, ...records] = rows;
  if (!names) throw new UnreadableMetadata(`it is empty: ${fields()}`);
  checkNames(names, 'its first line');
  return records.map((record, i) => {
    const cells = record.map((cell, column): [string, string] => [names[column] ?? '', cell]);
    return toEntry(`line ${lines[i + 1] ?? i + 2}`, cells.filter(([, cell]) => cell !== '')); // prettier-ignore
  });
}

/** The cells, row by row; `onRow` is told the line on which each ends. */
async function parseCsv(text: string, delimiter: string, onRow: (line: number) => void): Promise<string[][]> {
  const { parse } = await import('csv-parse');
  return new Promise((resolve, reject) => {
    const options = {
      ...{ delimiter, trim: true, skip_empty_lines: true },
      on_record: (row: string[], { lines }: { lines: number }) => {
        onRow(lines);
        return row;
      },
    };
    parse(text, options, (error, rows: string[][]) => {
      if (error) reject(new UnreadableMetadata(`it is no CSV: ${error.message}`));
      else resolve(rows);
    });
  });
}

const fields = (): string => `the columns are ${METADATA_COLUMNS.join(', ')}; ${ISSUE} is needed`;

function checkNames(names: readonly string[], where: string): void {
  const unknown = names.filter((name) => !METADATA_COLUMNS.includes(name));
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  const told = unknown.map((name) => {
    const near = nearest(name, METADATA_COLUMNS);
    return near === undefined ? JSON.stringify(name) : `${JSON.stringify(name)} (did you mean ${near}?)`;
  });
  if (unknown.length > 0) throw new UnreadableMetadata(`${where} has unknown columns: ${told.join(', ')}; ${fields()}`);
  if (twice[0] !== undefined) throw new UnreadableMetadata(`${where} has the column ${twice[0]} twice`);
  if (!names.includes(ISSUE)) throw new UnreadableMetadata(`${where} does not have the column ${ISSUE}; ${fields()}`);
}

function toEntry(where: string, cells: [string, unknown][]): MetadataEntry {
  const { [ISSUE]: issue = '', ...parameters } = Object.fromEntries(cells);
  return {
    where,
    issue: typeof issue === 'number' ? String(issue) : typeof issue === 'string' ? issue : '',
    parameters,
  };
}
