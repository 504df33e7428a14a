/** The checksum algorithms that a bag may name, and the names of its manifests (RFC 8493, 2.4). */

/** Hex digits of a sum, by the algorithm's name in a manifest's file name; node's own name is the same. */
const DIGITS = { md5: 32, sha1: 40, sha224: 56, sha256: 64, sha384: 96, sha512: 128 } as const;

export type Algorithm = keyof typeof DIGITS;

export interface ManifestName {
  kind: 'payload' | 'tag';
  /** As the file name spells it, in lower case without hyphens. */
  algorithm: string;
}

/** What manifest a file at the top of a bag is; undefined when it is none. */
export function parseManifestName(name: string): ManifestName | undefined {
  const [, tag, algorithm] = /^(tag)?manifest-([\w-]+)\.txt$/i.exec(name) ?? [];
  if (algorithm === undefined) return undefined;
  return { kind: tag === undefined ? 'payload' : 'tag', algorithm: algorithm.toLowerCase().replaceAll('-', '') };
}

/** Whether we can compute it. */
export const isAlgorithm = (name: string): name is Algorithm => Object.hasOwn(DIGITS, name);

/** Whether a text can be a sum of the algorithm, in either case of letters. */
export const isSum = (text: string, algorithm: Algorithm): boolean =>
  text.length === DIGITS[algorithm] && /^[\da-f]*$/i.test(text);
