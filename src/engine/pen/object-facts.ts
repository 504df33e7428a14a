import type { Kysely, RawBuilder } from 'kysely';
import type { DB } from '../../database/database.js';

/** What lists say of an object that pipelines are about, and filter by. A domain registers one for each of its object types. */
export interface ObjectFacts {
  /** As in pipelines: "issue". */
  type: string;
  /**
   * A query of all objects of the type with the columns `object_id bigint, title_key text, title text, org text`: whose it is and
   * what its title is. It is joined by `object_id`, which must be a primary key: the database then reads no more than it needs.
   */
  facts: RawBuilder<unknown>;
  /**
   * A query with the column `object_id bigint` of those objects whose road is at its end: nobody asks what their finished
   * pipelines did any more, and `run-jobs clean` may archive these. Undefined: they stay.
   */
  atRest?: RawBuilder<unknown>;
  /** What people do about a failed pipeline of such an object, in words. Undefined: no more than about any pipeline. */
  remedies?: (db: Kysely<DB>, failed: { pipelineId: number; objectId: number }) => Promise<string | undefined>;
}

/** Defines what is said of a type of object. */
export const defineObjectFacts = (facts: ObjectFacts): ObjectFacts => facts;
