/** Times and spans of the command line, for commander. */
import { InvalidArgumentError } from 'commander';

const SECONDS: Readonly<Record<string, number>> = { min: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of a span: "30min", "12h", "3d", "2w". */
export function spanOption(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})(min|h|d|w)$/.exec(text) ?? [];
  const seconds = Number(amount) * (SECONDS[unit] ?? NaN);
  if (!(seconds > 0)) throw new InvalidArgumentError('it must be a span like 30min, 12h, 3d or 2w');
  return seconds;
}

/** A day, or a day and a time, where this program runs: "2027-01-15", "2027-01-15 14:30". A day begins at midnight. */
export function timeOption(text: string): Date {
  const [, day, time = '00:00'] = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}))?$/.exec(text) ?? [];
  const at = new Date(`${day ?? ''}T${time}`); // without a zone: local time
  const [year, month, date] = (day ?? '').split('-').map(Number);
  const isReal = at.getFullYear() === year && at.getMonth() + 1 === month && at.getDate() === date; // not 30 February
  if (!isReal) throw new InvalidArgumentError('it must be a day like 2027-01-15, or 2027-01-15 14:30');
  return at;
}
