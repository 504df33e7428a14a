/** How a reviewer names an issue of a batch: by its key, or by the address of its page on a site (newspapers spec 8.1). */
import { parseIssueDate, type IssueDate } from '../issue-date.js';
import { parseIssueKey, type IssueKey } from '../issue-key.js';
import { parseLccn } from '../lccn.js';

/** It names no issue. */
export class InvalidFlagInput extends Error {
  override name = 'InvalidFlagInput';
  constructor(
    readonly text: string,
    readonly reason: string,
  ) {
    super(
      `${JSON.stringify(text)} names no issue: ${reason}; give a key like sn93059126/1856051001, or the address of the issue on the site`,
    );
  }
}

/**
 * Reads a key, or any address with `/lccn/<lccn>/<YYYY-MM-DD>/ed-<n>` in it.
 *
 * @throws InvalidFlagInput
 */
export function parseFlagInput(text: string): IssueKey {
  const trimmed = text.trim();
  return /^[a-z]+:\/\//i.test(trimmed) || trimmed.startsWith('/') || trimmed.includes('/lccn/')
    ? keyOfAddress(trimmed)
    : keyOf(trimmed);
}

/** Several, separated by spaces, commas or lines; each once. @throws InvalidFlagInput */
export function parseFlagInputs(text: string): IssueKey[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0) throw new InvalidFlagInput(text, 'there is nothing');
  const keys = words.map(parseFlagInput);
  return [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()];
}

/** An LCCN of ten characters, and ten digits. */
const KEY_LENGTH = 21;

function keyOf(text: string): IssueKey {
  const [, lccn = '', digits] = /^(\w+)\/(\d+)$/.exec(text) ?? [];
  if (digits === undefined) {
    if (text.length < KEY_LENGTH) throw new InvalidFlagInput(text, 'it is too short');
    throw new InvalidFlagInput(text, text.length > KEY_LENGTH ? 'it is too long' : 'it is no issue key');
  }
  if (digits.length < 10) throw new InvalidFlagInput(text, 'it is too short: ten digits follow the LCCN, YYYYMMDDEE');
  if (digits.length > 10) throw new InvalidFlagInput(text, 'it is too long: ten digits follow the LCCN, YYYYMMDDEE');
  const date = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`;
  realDate(text, date);
  if (digits.endsWith('00')) throw new InvalidFlagInput(text, 'its edition is invalid: editions count from 01');
  try {
    return parseIssueKey(`${lccn}/${digits}`);
  } catch {
    throw new InvalidFlagInput(text, 'it is no issue key');
  }
}

function keyOfAddress(text: string): IssueKey {
  const path = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text).pathname : undefined;
  if (path === undefined)
    throw new InvalidFlagInput(text, 'it is not a full URL: it must begin with https:// or http://');
  const [, lccn, date, edition] = /\/lccn\/([^/]+)\/([^/]+)\/ed-([^/]*)(?:\/|$)/.exec(path) ?? [];
  if (lccn === undefined || date === undefined || edition === undefined)
    throw new InvalidFlagInput(
      text,
      'it is not the full URL of an issue: /lccn/<LCCN>/<YYYY-MM-DD>/ed-<n> must be in it',
    );
  const day = realDate(text, date);
  if (!/^\d{1,2}$/.test(edition) || Number(edition) < 1)
    throw new InvalidFlagInput(text, `its edition "${edition}" is invalid: a number from 1 to 99`);
  if (!/^\w{1,20}$/.test(lccn)) throw new InvalidFlagInput(text, `"${lccn}" is no LCCN`);
  return { lccn: parseLccn(lccn), date: day, edition: Number(edition) };
}

function realDate(text: string, date: string): IssueDate {
  const real = parseIssueDate(date);
  if (!real) throw new InvalidFlagInput(text, `${date} is not a real date`);
  return real;
}
