/** What PostgreSQL's text and jsonb can hold of what JavaScript's strings can: no NUL, no half of a surrogate pair. OCR text and cut messages have both. */

/** The text without NULs; halves of surrogate pairs become U+FFFD. */
export const storableText = (text: string): string => text.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd');

/** Reads JSON of somebody else, whose texts are to be kept. @throws SyntaxError when it is none */
export const parseStorableJson = (json: string): unknown =>
  JSON.parse(json, (_key, value: unknown) => (typeof value === 'string' ? storableText(value) : value));

/**
 * The value as JSON that jsonb takes.
 * @throws TypeError when it is no JSON: a BigInt, a cycle, a function
 */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError(`a ${typeof value} is no JSON`);
  // JSON.stringify writes \u only for control characters and for lone surrogates, and every backslash of a text as two
  return json.replace(/\\(?:u([0-9a-f]{4})|.)/g, (escape, code?: string) =>
    code === '0000' ? '' : code?.startsWith('d') ? '\ufffd' : escape,
  );
}
