import { sql } from 'kysely';
import { defineObjectFacts } from '../engine/pen/object-facts.js';
import { batchFacts } from './batches/batch-facts.js';
import { ISSUE_OBJECT } from './issues.js';
import { TITLE_NAME } from './titles.js';

/** An issue in the holding pen: its title by LCCN and name, its organisation by code; what helps when its pipeline failed. */
export const issueFacts = defineObjectFacts({
  type: ISSUE_OBJECT,
  facts: sql`
    select i.id as object_id, t.lccn as title_key, ${TITLE_NAME} as title, o.code as org
    from newspapers.issues i join newspapers.titles t on t.id = i.title_id join newspapers.orgs o on o.id = i.org_id`,
  // Out of the workflow: on production, removed, or given back. Whatever brings it back enqueues a pipeline with it.
  atRest: sql`select id as object_id from newspapers.issues where ignored`,
  async remedies(db, { pipelineId, objectId }) {
    const { intakeRemedies, standingOf } = await import('./uploads/standing.js'); // it takes long to load, lists do without
    const standing = await standingOf(db, objectId);
    return standing?.pipelineId === pipelineId ? intakeRemedies(standing) : undefined;
  },
});

export const newspaperObjects = [issueFacts, batchFacts];
