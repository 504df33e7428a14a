/** The scan upload area (newspapers spec 5.1): `<MOC>/<LCCN or SFTP user>/<date>[_EE]/` with a TIFF and a PDF per page. */
import { join } from 'node:path';
import type { Org } from '../orgs.js';
import {
  entriesIn,
  links,
  obstacle,
  unknownOrg,
  unknownTitle,
  unnameable,
  unreadable,
  visibleDirectories,
} from './area.js';
import type { Catalog } from './catalog.js';
import { checkContents } from './contents.js';
import { parseDirectoryName } from './directory-name.js';
import type { Finding, Upload } from './upload.js';

/** Finds every directory of a title: each is an issue. The directory of an unknown organisation is passed over whole. */
export async function* findScans(area: string, catalog: Catalog): AsyncGenerator<Finding> {
  yield* inEach(area, async function* (orgDirectory, orgCode) {
    const org = catalog.org(orgCode);
    if (!org) {
      yield { found: 'obstacle', path: orgDirectory, problem: unknownOrg(orgCode) };
      return;
    }
    yield* inEach(orgDirectory, async function* (directory, titleDirectory) {
      yield* inEach(directory, async function* (issueDirectory, name) {
        const upload = await uploadAt(issueDirectory, name, { titleDirectory, org, catalog });
        if (upload) yield upload;
      });
    });
  });
}

/** Does something in every visible directory of a directory; tells of links, and if it cannot be read. */
async function* inEach(
  directory: string,
  find: (path: string, name: string) => AsyncGenerator<Finding>,
): AsyncGenerator<Finding> {
  const entries = await entriesIn(directory);
  if (entries === undefined) return;
  if (entries instanceof Error) {
    yield obstacle(directory, 'unreadable', unreadable(entries).message);
    return;
  }
  yield* links(directory, entries);
  yield* unnameable(directory, entries);
  for (const { name } of visibleDirectories(entries)) yield* find(join(directory, name), name);
}

interface Surroundings {
  titleDirectory: string;
  org: Org;
  catalog: Catalog;
}

async function uploadAt(
  directory: string,
  name: string,
  { titleDirectory, org, catalog }: Surroundings,
): Promise<Upload | undefined> {
  const entries = await entriesIn(directory);
  if (entries === undefined) return undefined; // gone since it was listed
  const title = catalog.title(titleDirectory);
  const { date, edition, problems } = parseDirectoryName(name);
  const contents = entries instanceof Error ? [unreadable(entries)] : checkContents('scan', entries);
  return {
    found: 'upload',
    kind: 'scan',
    directory,
    titleDirectory,
    title,
    org,
    key: title && date && edition !== undefined ? { lccn: title.lccn, date, edition } : undefined,
    problems: [...(title ? [] : [unknownTitle(titleDirectory)]), ...problems, ...contents],
  };
}
