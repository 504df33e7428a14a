/** Instants to the nanosecond, as Go writes them (RFC 3339): what `.manifest` files hold. Nanoseconds since 1970. */

/** The first and the last one that can be written: years have four digits. */
const [FIRST, LAST] = [-62_167_219_200_000_000_000n, 253_402_300_799_999_999_999n];

/** The nearest instant that can be written: file systems keep times of years far beyond. */
export const writable = (nanoseconds: bigint): bigint =>
  nanoseconds < FIRST ? FIRST : nanoseconds > LAST ? LAST : nanoseconds;

/** E.g. 2024-05-06T07:08:09.12Z; the fraction without zeros at its end, the time in UTC. */
export function formatInstant(nanoseconds: bigint): string {
  const fraction = nanoseconds % 1_000_000_000n;
  const positive = fraction < 0n ? fraction + 1_000_000_000n : fraction;
  const whole = new Date(Number((nanoseconds - positive) / 1_000_000n)).toISOString().slice(0, 19);
  const digits = positive === 0n ? '' : `.${String(positive).padStart(9, '0').replace(/0+$/, '')}`;
  return `${whole}${digits}Z`;
}

/** Reads any RFC 3339 time, with up to nine digits of fraction and any offset. @throws RangeError when it is none */
export function parseInstant(text: string): bigint {
  const [, whole, fraction = '', offset] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const milliseconds = Date.parse(`${whole ?? ''}${offset ?? ''}`);
  const local = new Date(Date.parse(`${whole ?? ''}Z`));
  // JavaScript reads June 31 as July 1, and 24:00 as the next day.
  if (Number.isNaN(milliseconds) || local.toISOString().slice(0, 19) !== whole)
    throw new RangeError(`${JSON.stringify(text)} is no RFC 3339 time`);
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
