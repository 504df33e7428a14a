/** Pipelines that ended, by the thousand, and the files that they are archived in. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { TestDatabase } from '../support/database.js';
import { rows } from './support.js';

/** Pipelines of two jobs each, with a decision, a log line of two lines and an event, that ended so many days ago. */
export async function givenFinished(
  own: TestDatabase,
  count: number,
  { daysAgo = 100, status = 'success', object }: { daysAgo?: number; status?: string; object?: [string, number] } = {},
): Promise<number[]> {
  const ended = await rows<{ id: number }>(
    own,
    `insert into pipelines (name, description, object_type, object_id, created_by, created_at, completed_at, status, queue, next_sequence)
     select 'Old', 'pipeline ' || i, $1, $2, 'ann', now() - make_interval(days => $3 + 1), now() - make_interval(days => $3), $4, 'io', 20
     from generate_series(1, $5) i returning id`,
    [object?.[0] ?? null, object?.[1] ?? null, daysAgo, status, count],
  );
  const ids = ended.map(({ id }) => id);
  await rows(
    own,
    `with j as (insert into jobs (pipeline_id, sequence, type, queue, status) select id, s, 'io_step', 'io', 'success' from unnest($1::bigint[]) id, unnest(array[10, 20]) s),
       d as (insert into decisions (pipeline_id, hold_rev, verb, actor, via) select id, 1, 'done', 'ann', 'cli' from unnest($1::bigint[]) id)
     insert into events (actor, kind, pipeline_id, object_type, object_id) select 'ann', 'decided', id, $2, $3 from unnest($1::bigint[]) id`,
    [ids, object?.[0] ?? null, object?.[1] ?? null],
  );
  await rows(
    own,
    `insert into job_logs (pipeline_id, sequence, attempt, at, level, message) select id, 10, 1, now(), 'info', E'two\\nlines “' || id || '”' from unnest($1::bigint[]) id`,
    [ids],
  );
  return ids;
}

export interface ArchivedPipeline {
  pipeline: { id: number; description: string };
  jobs: { sequence: number }[];
  decisions: { verb: string }[];
  events: { kind: string }[];
  logs: { message: string }[];
}

/** What the files of a directory hold, file by file in the order of their names. @throws when one is torn */
export async function readArchive(directory: string): Promise<{ name: string; pipelines: ArchivedPipeline[] }[]> {
  const names = (await readdir(directory)).sort();
  return Promise.all(
    names.map(async (name) => ({
      name,
      pipelines: gunzipSync(await readFile(join(directory, name)))
        .toString()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as ArchivedPipeline),
    })),
  );
}

/** The numbers of archived pipelines, in the order of the files. */
export const archivedIds = async (directory: string): Promise<number[]> =>
  (await readArchive(directory)).flatMap(({ pipelines }) => pipelines.map(({ pipeline }) => pipeline.id));
