import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { sql } from 'kysely';
import { span, table } from '../table.js';
import { connect, type Places } from './stage.js';

/** Prints what lies where, and how long each step took. */
export async function printReport(places: Places): Promise<void> {
  const made = await Promise.all(
    (await readdir(places.workflow)).sort().map((name) => contents(places.workflow, name)),
  );
  const head = ['issue', 'pages', 'one-page PDFs', 'JP2 images', 'ALTO text'];
  process.stdout.write(`In ${places.workflow}:\n${table(head, made)}\n\n`);

  const { rows } = await connect(places, (db) =>
    sql<{ pipeline: string; type: string; runs: number; total: number; longest: number }>`
      select pipeline, type, count(*) as runs, sum(took) as total, max(took) as longest
      from (select pipeline, sequence, type, extract(epoch from completed_at - started_at)::float8 as took from job_list where status = 'success') job
      group by pipeline, type order by pipeline desc, min(sequence)`.execute(db),
  );
  const steps = rows.map((r) => [r.pipeline, r.type, r.runs, span(r.total), span(r.longest)]);
  process.stdout.write(`${table(['pipeline', 'step', 'jobs', 'took in all', 'longest'], steps)}\n`);
}

async function contents(directory: string, name: string): Promise<(string | number)[]> {
  const files = await readdir(join(directory, name));
  const sizes = async (extension: string) => {
    const of = files.filter((file) => extname(file) === extension);
    const bytes = await Promise.all(of.map(async (file) => (await stat(join(directory, name, file))).size));
    return `${of.length}, ${Math.round(bytes.reduce((sum, size) => sum + size, 0) / 1024)} KiB`;
  };
  const pages = files.filter((file) => file.endsWith('.jp2')).length;
  return [name, pages, await sizes('.pdf'), await sizes('.jp2'), await sizes('.xml')];
}
