/** Reads what a bag says of itself: declaration, manifests, fetch list, tags. No payload is read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tree } from '../list-tree.js';
import { isAlgorithm, parseManifestName, type Algorithm } from './algorithms.js';
import { parseTags, type Tag } from './bag-info.js';
import { parseManifest } from './bag-manifest.js';
import { parseDeclaration } from './declaration.js';
import { parseFetchList } from './fetch-list.js';
import { decodeTagFile, UnreadableTagFile } from './tag-text.js';

export interface BagManifest {
  /** Its file name. */
  name: string;
  kind: 'payload' | 'tag';
  algorithm: Algorithm;
  /** Sums in lower case, by path below the bag's directory. */
  sums: ReadonlyMap<string, string>;
}

export interface Bag {
  version: number;
  manifests: BagManifest[];
  /** Files that lie elsewhere, by path: their addresses. */
  fetched: ReadonlyMap<string, string>;
  /** Of bag-info.txt (package-info.txt before 0.96). */
  tags: readonly Tag[];
  problems: string[];
  warnings: string[];
}

/** Larger ones list some ten million files; a tag file of that size is an attack or a mistake. */
const MAX_TAG_FILE_BYTES = 1_000_000_000;

/** @returns with only problems when bagit.txt cannot be read: nothing else can then be understood */
export async function readBag(directory: string, tree: Tree): Promise<Bag> {
  const bag: Bag = { version: 0, manifests: [], fetched: new Map(), tags: [], problems: [], warnings: [] };
  const top = new Map(tree.files.filter(({ path }) => !path.includes('/')).map((file) => [file.path, file]));
  if (!top.has('bagit.txt')) {
    bag.problems.push('bagit.txt is not there: the directory is no bag');
    return bag;
  }
  const declaration = parseDeclaration(await readFile(join(directory, 'bagit.txt')));
  if ('problem' in declaration) {
    bag.problems.push(declaration.problem);
    return bag;
  }
  const { version, encoding } = declaration;
  bag.version = version;
  const textOf = async (name: string): Promise<string | undefined> => {
    const file = top.get(name);
    if (!file) return undefined;
    try {
      if (file.size > MAX_TAG_FILE_BYTES) throw new UnreadableTagFile(`it has ${file.size} bytes`);
      return decodeTagFile(await readFile(join(directory, name)), encoding);
    } catch (error) {
      if (!(error instanceof UnreadableTagFile)) throw error;
      bag.problems.push(`${name} cannot be read: ${error.message}`);
      return undefined;
    }
  };
  for (const name of top.keys()) {
    const { kind, algorithm } = parseManifestName(name) ?? {};
    if (kind === undefined || algorithm === undefined) continue;
    if (!isAlgorithm(algorithm)) {
      bag.problems.push(`${name} names an algorithm that is not known here, so its sums cannot be checked`);
      continue;
    }
    const { sums, problems, warnings } = parseManifest((await textOf(name)) ?? '', { name, algorithm, version });
    bag.manifests.push({ name, kind, algorithm, sums });
    bag.problems.push(...problems);
    bag.warnings.push(...warnings);
  }
  const fetched = parseFetchList((await textOf('fetch.txt')) ?? '', version);
  bag.fetched = fetched.addresses;
  bag.problems.push(...fetched.problems);
  const info = version < 0.96 ? 'package-info.txt' : 'bag-info.txt';
  bag.tags = parseTags((await textOf(info)) ?? '');
  return bag;
}
