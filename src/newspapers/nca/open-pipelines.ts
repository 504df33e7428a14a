/** Work that NCA has not ended: it cannot be taken over in the middle. */
import { sql } from 'kysely';
import type { ImportWork } from './import-work.js';
import { stageOf } from './stage.js';

/** A pipeline of NCA with jobs that are neither done nor given up for good. */
export interface OpenPipeline {
  id: string;
  /** As NCA calls it; null when its row was not dumped. */
  name: string | null;
  /** What it is about. */
  description: string | null;
  /** "1 failed (make_derivatives 17), 3 on_hold (set_issue_location 18)": by status, each with its first job. */
  jobs: string;
  statuses: string[];
}

/** In the order of their numbers. */
export async function findOpenPipelines({ trx }: Pick<ImportWork, 'trx'>): Promise<OpenPipeline[]> {
  const { rows } = await sql<OpenPipeline>`
    select open.pipeline_id as id, p.name, p.description, string_agg(told, ', ' order by status) as jobs, array_agg(status) as statuses
    from (
      select pipeline_id, status, count(*) || ' ' || status || ' (' || (array_agg(job_type || ' ' || id order by n))[1] || ')' as told
      from ${stageOf('jobs')} group by pipeline_id, status) open
    left join ${stageOf('pipelines')} p on p.id = open.pipeline_id
    group by open.pipeline_id, p.name, p.description order by length(open.pipeline_id), open.pipeline_id`.execute(trx);
  return rows;
}

/** How each kind of open job is ended in NCA (newspapers spec 2.8, 7.4, 7.9). */
const REMEDIES: readonly (readonly [status: string, remedy: string])[] = [
  ['failed', '"run-jobs requeue ID" has it run again; "remove-dead-issues" takes issues out that cannot be saved'],
  ['in_process', 'run-jobs ends it; if no run-jobs is running: UPDATE jobs SET status = \'pending\' WHERE status = \'in_process\', then start it'], // prettier-ignore
  ['pending', '"run-jobs --exit-when-done watchall" ends it'],
  ['on_hold', 'it goes on behind the others; behind none, its pipeline was cancelled: UPDATE jobs SET status = \'failed_done\' WHERE id = ID'], // prettier-ignore
];

/** What is open, and how to end it, a line each. */
export function toldOpenPipelines(pipelines: readonly OpenPipeline[]): string[] {
  const remedies = REMEDIES.filter(([status]) => pipelines.some(({ statuses }) => statuses.includes(status)));
  return [
    ...pipelines.map(
      ({ id, name, description, jobs }) => `pipeline ${id} (${name ?? 'not in the dump'}), ${description ?? 'unknown'}: ${jobs}`, // prettier-ignore
    ),
    ...remedies.map(([status, remedy]) => `to end what is ${status}: ${remedy}`),
  ];
}
