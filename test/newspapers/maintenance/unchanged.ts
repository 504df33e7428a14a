/** What a dry run must leave as it is: every file below a directory and every row that could change. */
import { expect } from 'vitest';
import { rows } from '../../engine/support.js';
import { readTree, type Content } from '../../files/trees.js';
import type { TestDatabase } from '../../support/database.js';

const TABLES = [
  ...['pipelines', 'jobs', 'events', 'decisions', 'file_sets', 'files'],
  ...['issues', 'batches', 'flagged_issues', 'pages', 'agent_jobs'].map((table) => `newspapers.${table}`),
];

async function snapshot(
  own: TestDatabase,
  root: string,
): Promise<{ tree: Content; tables: Record<string, unknown[]> }> {
  const tables: Record<string, unknown[]> = {};
  for (const table of TABLES) tables[table] = await rows(own, `select * from ${table} t order by t::text`);
  return { tree: readTree(root), tables };
}

/** Runs something, and expects that nothing has changed. */
export async function changingNothing<T>(own: TestDatabase, root: string, run: () => Promise<T>): Promise<T> {
  const before = await snapshot(own, root);
  const result = await run();
  expect(await snapshot(own, root)).toEqual(before);
  return result;
}
