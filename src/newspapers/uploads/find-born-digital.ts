/** The born-digital upload area (newspapers spec 5.1): `<LCCN or SFTP user>/…/<date>/*.pdf`. */
import { basename, join } from 'node:path';
import {
  entriesIn,
  links,
  obstacle,
  shown,
  unknownOrg,
  unknownTitle,
  unnameable,
  unreadable,
  visibleDirectories,
} from './area.js';
import type { Catalog } from './catalog.js';
import { checkContents, hasExtension } from './contents.js';
import { parseDirectoryName } from './directory-name.js';
import type { Problem } from './problem.js';
import type { Finding, Upload } from './upload.js';

interface Surroundings {
  titleDirectory: string;
  catalog: Catalog;
  defaultOrg: string;
}

/**
 * Finds every directory, however deep, that holds a PDF itself: each is an issue.
 *
 * @param defaultOrg awardee of the titles that have none of their own
 */
export async function* findBornDigital(area: string, catalog: Catalog, defaultOrg: string): AsyncGenerator<Finding> {
  const entries = await entriesIn(area);
  if (entries === undefined || entries instanceof Error) return;
  yield* links(area, entries);
  yield* unnameable(area, entries);
  for (const entry of entries.filter((each) => hasExtension(each, '.pdf'))) {
    yield obstacle(
      join(area, shown(entry)),
      'unknown title',
      'is a PDF outside of any title; move it to <LCCN>/<YYYY-MM-DD>/',
    );
  }
  for (const { name } of visibleDirectories(entries)) {
    yield* walk(join(area, name), { titleDirectory: name, catalog, defaultOrg });
  }
}

async function* walk(directory: string, around: Surroundings): AsyncGenerator<Finding> {
  const entries = await entriesIn(directory);
  if (entries === undefined) return;
  if (entries instanceof Error) {
    yield obstacle(directory, 'unreadable', unreadable(entries).message);
    return;
  }
  const isIssue = entries.some((entry) => hasExtension(entry, '.pdf'));
  if (isIssue) yield uploadAt(directory, around, checkContents('borndigital', entries));
  else yield* [...links(directory, entries), ...unnameable(directory, entries)];
  for (const { name } of visibleDirectories(entries)) yield* walk(join(directory, name), around);
}

function uploadAt(
  directory: string,
  { titleDirectory, catalog, defaultOrg }: Surroundings,
  contents: Problem[],
): Upload {
  const title = catalog.title(titleDirectory);
  const orgCode = title?.orgCode ?? defaultOrg; // W35: NCA has one organisation for all
  const org = catalog.org(orgCode);
  const { date, edition, problems } = parseDirectoryName(basename(directory));
  return {
    found: 'upload',
    kind: 'borndigital',
    directory,
    titleDirectory,
    title,
    org,
    key: title && date && edition !== undefined ? { lccn: title.lccn, date, edition } : undefined,
    problems: [
      ...(title ? [] : [unknownTitle(titleDirectory)]),
      ...(org ? [] : [unknownOrg(orgCode, 'title')]),
      ...problems,
      ...contents,
    ],
  };
}
