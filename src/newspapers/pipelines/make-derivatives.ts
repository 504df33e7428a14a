import { basename, dirname, join } from 'node:path';
import { definePipeline } from '../../engine/pipeline.js';
import { recordFixity } from '../../files/fixity/jobs.js';
import { cleanFiles, moveDirectory, renameDirectory } from '../../files/jobs.js';
import { workPlaces } from '../intake-places.js';
import { ISSUE_OBJECT, issueObject, type Issue } from '../issues.js';
import { makeIssueDerivatives } from '../jobs/make-derivatives.js';
import { preparePageLabels } from '../jobs/prepare-page-labels.js';
import { renumberPages } from '../jobs/renumber-pages.js';
import { setIssueLocation } from '../jobs/set-issue-location.js';
import { askMetadata } from './metadata.js';

/**
 * Brings an issue's pages into the workflow area and makes their derivatives; ends with the question for the metadata
 * (newspapers spec 4, MoveIssueForDerivatives). The issue's location is a scan upload, or the page-review folder.
 */
export const makeDerivatives = definePipeline<Issue>('MakeDerivatives', {
  describe: (issue) => `issue ${issue.key}`,
  object: (issue) => ({ type: ISSUE_OBJECT, id: issue.id }),
  jobs: (issue, settings) => {
    if (issue.location === null)
      throw new Error(`issue ${issue.key} has no location: there are no files to make derivatives of`);
    const { work } = workPlaces(issue.humanName, settings);
    const object = issueObject(issue.id);
    // Out of the reviewers' sight first, so that nobody renames pages while they are copied.
    const hidden = join(dirname(issue.location), `.notouchie-${basename(issue.location)}`);
    const taken =
      issue.kind === 'borndigital'
        ? [
            renameDirectory({ from: issue.location, to: hidden, fixity: { object } }),
            ...moveDirectory({ from: hidden, to: work, fixity: { object } }),
          ]
        : moveDirectory({ from: issue.location, to: work, fixity: { object, intake: 'page' } });
    return [
      taken,
      setIssueLocation({ issueId: issue.id, location: work }),
      cleanFiles({ location: work }),
      renumberPages({ issueId: issue.id, location: work }),
      makeIssueDerivatives({ issueId: issue.id, location: work }),
      recordFixity({ object, role: 'derivative', location: work }),
      preparePageLabels({ issueId: issue.id, location: work, counting: 'JP2 images' }),
      askMetadata({ issueId: issue.id }),
    ];
  },
});
