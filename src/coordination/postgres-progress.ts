import type pg from 'pg';
import { quickQuery } from './postgres-query.js';
import type { ProgressReport, ProgressStore } from './progress.js';

interface ProgressRow extends ProgressReport {
  pipeline_id: number;
}

/** Progress in the unlogged table `progress`. */
export function postgresProgressStore(pool: pg.Pool): ProgressStore {
  const query = <Row extends pg.QueryResultRow>(text: string, values: unknown[]) => quickQuery<Row>(pool, text, values);
  return {
    name: 'PostgreSQL',
    async write(pipelineId, { sequence, done, total, unit }, expiryMs) {
      await query(
        `insert into progress (pipeline_id, sequence, done, total, unit, expires_at) values ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond')
         on conflict (pipeline_id) do update set sequence = excluded.sequence, done = excluded.done, total = excluded.total,
           unit = excluded.unit, at = now(), expires_at = excluded.expires_at`,
        [pipelineId, sequence, done, total, unit, expiryMs],
      );
    },
    async forget(pipelineId, sequence) {
      await query('delete from progress where pipeline_id = $1 and sequence = $2', [pipelineId, sequence]);
    },
    async read(pipelineIds) {
      const { rows } = await query<ProgressRow>(
        'select pipeline_id, sequence, done, total, unit from progress where pipeline_id = any ($1) and expires_at > now()',
        [pipelineIds],
      );
      return new Map(rows.map(({ pipeline_id, ...report }) => [pipeline_id, report]));
    },
  };
}
