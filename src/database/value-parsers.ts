/** How PostgreSQL's values become JavaScript's, per connection: nothing global is changed. */
import pg from 'pg';

const INT8 = 20;
const INT8_ARRAY = 1016;
const DATE = 1082;
const DATE_ARRAY = 1182;
const INTERVAL = 1186;
const TEXT_ARRAY = 1009;

/**
 * An `int8` as a number: ids, counts and byte sizes stay far below 2^53.
 *
 * @throws RangeError where a number would be inexact: better no answer than the wrong row.
 */
export function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`bigint ${text} does not fit a JavaScript number: select it as text (column::text)`);
  }
  return value;
}

type Parse = (text: string) => unknown;

/** pg's own parsers; its types list the ids of scalar types only. */
const pgParser = pg.types.getTypeParser as (oid: number, format?: 'text' | 'binary') => Parse;

const asText: Parse = (text) => text;

const TEXT_PARSERS = new Map<number, Parse>([
  [INT8, parseInt8],
  [INT8_ARRAY, arrayOf(parseInt8)],
  // A `date` is a day in a calendar, the same in every time zone: pg's default, midnight local time, is a day off elsewhere.
  [DATE, asText],
  [DATE_ARRAY, arrayOf(asText)],
  [INTERVAL, asText],
]);

/**
 * For `types` of a pg pool or client: `int8` is a number, `date` is 'YYYY-MM-DD', `interval` is '00:30:00',
 * `timestamptz` is a Date, `numeric` a string.
 */
export const valueParsers: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && TEXT_PARSERS.get(oid)) || pgParser(oid, format),
};

function arrayOf(parse: Parse): Parse {
  const parseDeep = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(parseDeep);
    return typeof value === 'string' ? parse(value) : value;
  };
  return (text) => parseDeep(pgParser(TEXT_ARRAY)(text));
}
