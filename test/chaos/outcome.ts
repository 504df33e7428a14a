/**
 * What a world has come to: files with the sums of their content, rows, what the sites have loaded. Numbers, times, the
 * batches' random names and the world's own places are left out, so that two walks of the same road can be compared.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { validateBag } from '../../src/files/bagit/validate-bag.js';
import type { OwnWorld } from './world.js';
import type { KeptSite } from './agents/kept-oni.js';
import { comparableContent } from '../end-to-end/comparable-content.js';

/** By what it is about; each a list of plain lines in an order of their own. */
export type Outcome = Record<string, string[]>;

/** @throws Error when the database does not answer: everything must be healed by now */
export async function outcomeOf(world: OwnWorld): Promise<Outcome> {
  const plain = await plainer(world);
  const outcome: Outcome = { files: await files(world, plain) };
  for (const [name, query] of Object.entries(QUERIES))
    outcome[name] = (await ask<{ line: unknown }>(world, query)).map(({ line }) => plain(JSON.stringify(line))).sort();
  // Each site on its own: what it was made to do, in its order for each batch.
  const sites = JSON.parse(await readFile(join(world.root, 'agents.json'), 'utf8')) as KeptSite[]; // kept by the agents
  outcome['loads'] = ['staging', 'production']
    .flatMap((name, at) => (sites[at]?.story ?? []).map((line) => plain(`${name} ${line}`)))
    .sort();
  return outcome;
}

/** What is wrong with what may never be, whatever the road: work that nobody waits for, bags that are none. */
export async function violationsOf(world: OwnWorld): Promise<string[]> {
  const open = await ask<{ line: string }>(
    world,
    `select format('pipeline %s %s is %s', id, name, status) as line from pipelines where status not in ('success', 'cancelled')`,
  );
  const undone = await ask<{ line: string }>(
    world,
    `select format('job %s.%s %s of a pipeline that ended well is %s', j.pipeline_id, j.sequence, j.type, j.status) as line
     from jobs j join pipelines p on p.id = j.pipeline_id where p.status = 'success' and j.status not in ('success', 'skipped')`,
  );
  const locks = await ask<{ line: string }>(
    world,
    `select format('progress of pipeline %s is left over', pipeline_id) as line from progress`,
  );
  const violations = [...open, ...undone, ...locks].map(({ line }) => line);
  for (const area of [world.places.archive, world.places.production])
    for (const name of await readdir(area)) {
      const { problems } = await validateBag(join(area, name));
      violations.push(...problems.map((problem) => `${join(area, name)}: ${JSON.stringify(problem)}`));
    }
  return violations;
}

/** Lines of one that the other lacks, told as `- expected` and `+ found`. */
export function differences(expected: Outcome, found: Outcome): string[] {
  const told: string[] = [];
  for (const name of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    const [left, right] = [[...(expected[name] ?? [])], [...(found[name] ?? [])]];
    for (const line of [...left]) {
      const at = right.indexOf(line);
      if (at < 0) continue;
      right.splice(at, 1);
      left.splice(left.indexOf(line), 1);
    }
    told.push(...left.map((line) => `${name}: - ${line}`), ...right.map((line) => `${name}: + ${line}`));
  }
  return told;
}

const OBJECT = `coalesce(
  (select t.lccn || '/' || i.date || '/' || i.edition from newspapers.issues i join newspapers.titles t on t.id = i.title_id where o.object_type = 'issue' and i.id = o.object_id),
  (select full_name from newspapers.batches b where o.object_type = 'batch' and b.id = o.object_id))`;

/** Each gives one value a row, `line`. */
const QUERIES: Readonly<Record<string, string>> = {
  pipelines: `select jsonb_build_array(${OBJECT}, name, status, error ->> 'message') as line from pipelines o`,
  jobs: `select jsonb_build_array(${OBJECT}, pipeline, type, status, count(*)) as line from job_list o group by ${OBJECT}, pipeline, type, status`,
  issues: `select to_jsonb(i) - 'id' - 'title_id' - 'org_id' - 'batch_id' - 'created_at' || jsonb_build_object(
    'title', t.lccn, 'org', o.code, 'batch', b.full_name,
    'metadata_entered_at', metadata_entered_at is null, 'metadata_approved_at', metadata_approved_at is null) as line
    from newspapers.issues i join newspapers.titles t on t.id = i.title_id join newspapers.orgs o on o.id = i.org_id
    left join newspapers.batches b on b.id = i.batch_id`,
  pages: `select jsonb_build_array(i.human_name, to_jsonb(g) - 'issue_id') as line from newspapers.pages g join newspapers.issues i on i.id = g.issue_id`,
  batches: `select jsonb_build_array(full_name, version, status, location, went_live_at is null, archived_at is null) as line from newspapers.batches`,
  flagged: `select jsonb_build_array(i.human_name, reason) as line from newspapers.flagged_issues f join newspapers.issues i on i.id = f.issue_id`,
  sets: `select jsonb_build_array(${OBJECT}, role, directory, (select array_agg(f.path order by f.path) from files f where f.set_id = o.id)) as line from file_sets o`,
  // What was done and decided; how often it had to be begun again is no effect (what agents then did is: see loads).
  events: `select jsonb_build_array(${OBJECT}, kind, count(*)) as line from events o where object_type in ('issue', 'batch')
    and kind not in ('rescued', 'rescue_limit', 'retried', 'requeued', 'claimed', 'released', 'failed', 'failed_attempt', 'agent_asked') and detail ->> 'verb' is distinct from 'retry'
    group by ${OBJECT}, kind`,
};

async function ask<Row extends object>(world: OwnWorld, query: string): Promise<Row[]> {
  for (let tries = 0; tries < TRIES; tries++) {
    const rows = await world.look<Row>(query);
    if (rows) return rows;
    await sleep(500);
  }
  throw new Error('the database does not answer, although nothing is broken any more');
}

/** A look gives up after some seconds, which a busy machine may need, and PostgreSQL to come back. */
const TRIES = 12;

async function plainer(world: OwnWorld): Promise<(text: string) => string> {
  const batches = await ask<{ name: string; told: string }>(
    world,
    `select b.full_name as name, format('<batch %s of %s>', row_number() over (partition by o.code order by b.id), o.code) as told
     from newspapers.batches b join newspapers.orgs o on o.id = b.org_id`,
  );
  return (text) =>
    batches
      .reduce((plain, { name, told }) => plain.replaceAll(name, told), text)
      .replaceAll(world.root, '<root>')
      .replaceAll(/\d+\.\d+\.\d+\.\d+:\d+/g, '<site>')
      .replaceAll(/\b(\w+-\d{10})-\d+\b/g, '$1-<id>')
      .replaceAll(/CREATEDATE="[^"]*"/g, '');
}

async function files(world: OwnWorld, plain: (text: string) => string): Promise<string[]> {
  const lines: string[] = [];
  for (const entry of await readdir(world.areas, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) lines.push(`${plain(path)} ${await comparableContent(path, plain)}`);
    else if (!entry.isDirectory()) lines.push(`${plain(path)} is no file`);
  }
  return lines.sort();
}
