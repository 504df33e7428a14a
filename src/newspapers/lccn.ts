/** A title's identifier as the Library of Congress gives it, in the form without spaces: "sn93059126", "2013202554". */
declare const lccn: unique symbol;

/** Made by `parseLccn` only. Safe as a directory name and inside an issue key: letters, digits and "_". */
export type Lccn = string & { readonly [lccn]: true };

export class InvalidLccn extends Error {
  override name = 'InvalidLccn';
  constructor(readonly text: string) {
    super(`${JSON.stringify(text)} is no LCCN: letters and digits as in sn93059126 or 2013202554, at most 20 of them`);
  }
}

/**
 * Reads an LCCN as it stands in MARC field 010$a or in a directory's name: spaces are dropped (newspapers spec 6.6), and so
 * is a suffix such as "//r86" (LCCN namespace: "if there is a forward slash, remove it and all characters to the right").
 *
 * @throws InvalidLccn
 */
export function parseLccn(text: string): Lccn {
  const compact = text.replace(/\s+/g, '').replace(/\/.*$/, '');
  if (!/^[A-Za-z0-9_]{1,20}$/.test(compact)) throw new InvalidLccn(text);
  return compact as Lccn; // the only place that makes one
}
