/** Whether a bag is complete: every file that is listed is there, every payload file is listed (RFC 8493, 3). */
import { isClutter } from '../clutter.js';
import type { Tree } from '../list-tree.js';
import { quoted } from '../quoted.js';
import { parseManifestName } from './algorithms.js';
import { formatOxum, payloadOxum } from './bag-info.js';
import type { Bag } from './read-bag.js';

export interface Findings {
  problems: string[];
  /** What works, but should not be so. */
  warnings: string[];
}

/** Everything that is missing or too much. */
export function checkCompleteness(bag: Bag, tree: Tree): Findings {
  const there = new Set(tree.files.map(({ path }) => path));
  const payload = tree.files.filter(({ path }) => path.startsWith('data/'));
  const problems: string[] = [];
  const payloadManifests = bag.manifests.filter(({ kind }) => kind === 'payload');
  if (payloadManifests.length === 0)
    problems.push('there is no manifest-ALGORITHM.txt: nothing says what belongs to the bag');
  if (!tree.directories.some(({ path }) => path === 'data')) problems.push('the directory data is not there');

  for (const { name, kind, sums } of bag.manifests) {
    for (const path of sums.keys()) {
      const address = bag.fetched.get(path);
      if (!there.has(path))
        problems.push(
          `${quoted(path)} is missing, but listed in ${name}${address === undefined ? '' : `; it must still be fetched from ${address}`}`,
        );
      if (path.startsWith('data/') !== (kind === 'payload'))
        problems.push(
          `${name} lists ${quoted(path)}, which is ${kind === 'payload' ? 'no payload file' : 'a payload file'}`,
        );
      if (kind === 'tag' && parseManifestName(path)?.kind === 'tag')
        problems.push(`${name} lists ${quoted(path)}, but a tag manifest lists none of its kind`);
    }
  }
  const listedIn = (path: string) => payloadManifests.filter(({ sums }) => sums.has(path)).length;
  const enough = bag.version < 1 ? 1 : payloadManifests.length; // since 1.0 every manifest lists every file
  const unlisted = (path: string) => payloadManifests.length > 0 && listedIn(path) < enough;
  const where = bag.version < 1 ? 'in no manifest' : 'not in every manifest';
  for (const { path } of payload) if (unlisted(path)) problems.push(`${quoted(path)} is there, but listed ${where}`);
  for (const path of bag.fetched.keys())
    if (unlisted(path)) problems.push(`fetch.txt names ${quoted(path)}, which is listed ${where}`);
  if (bag.version >= 1) {
    for (const tagManifest of bag.manifests.filter(({ kind }) => kind === 'tag'))
      for (const { name } of payloadManifests)
        if (!tagManifest.sums.has(name)) problems.push(`${tagManifest.name} does not list ${name}`);
  }
  problems.push(...checkOxum(bag, payload));
  for (const path of tree.temporaries)
    problems.push(`${quoted(path)} is the rest of a process that was killed; delete it`);
  return { problems, warnings: checkNames([...there, ...bag.manifests.flatMap(({ sums }) => [...sums.keys()])]) };
}

function checkOxum(bag: Bag, payload: Tree['files']): string[] {
  const said = payloadOxum(bag.tags);
  if (said === undefined) return [];
  if (said === 'unreadable') return ['Payload-Oxum must be two numbers, BYTES.FILES'];
  const found = { bytes: payload.reduce((sum, { size }) => sum + size, 0), files: payload.length };
  if (said.bytes === found.bytes && said.files === found.files) return [];
  return [`Payload-Oxum says ${formatOxum(said)}, but the payload is ${formatOxum(found)} (bytes and files)`];
}

/** Names that other systems cannot tell apart, or that systems strew about. */
function checkNames(paths: readonly string[]): string[] {
  const warnings: string[] = [];
  const composed = new Map<string, string>();
  const folded = new Map<string, string>();
  for (const path of new Set(paths)) {
    const [nfc, lower] = [path.normalize('NFC'), path.normalize('NFC').toLowerCase()];
    const [twin, cousin] = [composed.get(nfc), folded.get(lower)];
    if (twin !== undefined)
      warnings.push(`${quoted(path)} and ${quoted(twin)} differ only in how their letters are composed`);
    else if (cousin !== undefined) warnings.push(`${quoted(path)} and ${quoted(cousin)} differ only in case`);
    composed.set(nfc, path);
    folded.set(lower, path);
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (path.startsWith('data/') && isClutter(name))
      warnings.push(`${quoted(path)} looks like a file that a system left there by itself`);
  }
  return warnings;
}
