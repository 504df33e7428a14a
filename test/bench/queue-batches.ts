/** Seconds and memory of the real `bin/queue-batches`, by how many issues are ready. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rounded, type Bench, type Part } from './part.js';
import { connectDatabase, migrateDatabase } from './product.js';
import { median } from './statistics.js';

const PROGRAM = fileURLToPath(new URL('../../bin/queue-batches', import.meta.url));
/** Writes the most memory that the process ever held, in kB, when it ends. */
const PROBE = `data:text/javascript,import { writeFileSync } from 'node:fs'; process.on('exit', () => writeFileSync(process.env.BENCH_PEAK, String(process.resourceUsage().maxRSS)));`;
const ORGS = 50;
const PAGES = 8;
const [FEW, MANY] = [1_000, 10_000];
/** "Seconds" of the issue. */
const WALL_LIMIT = 10;
/** Memory that is flat: ten times the issues may take so much more. */
const GROWTH_LIMIT = 1.25;

const WAYS = [
  { way: 'dry run', args: ['--dry-run'] },
  { way: 'real', args: [] },
];

interface Cost {
  seconds: number;
  peakMegabytes: number;
}

export async function benchQueueBatches({ server, rounds, say }: Bench): Promise<Part> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-queue-'));
  try {
    const measured = [FEW, MANY].flatMap((issues) => WAYS.map((way) => ({ issues, ...way, costs: [] as Cost[], batches: 0 }))); // prettier-ignore
    for (let round = 1; round <= rounds; round++)
      for (const issues of [FEW, MANY]) {
        say(`queue-batches, round ${round}: ${issues} issues`);
        const url = await server.freshDatabase('bench_queue');
        await migrateDatabase({ connectionString: url, includeCurrent: true });
        await insertReady(url, issues);
        for (const one of measured.filter((each) => each.issues === issues)) {
          one.costs.push(await costOf(url, directory, one.args));
          one.batches = await countBatches(url);
        }
      }
    return told(measured.map(({ costs, ...one }) => ({ ...one, cost: middle(costs) })));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Ready issues, evenly over the organisations, each with its pages and the records of its files. */
async function insertReady(url: string, issues: number): Promise<void> {
  const { pool, close } = connectDatabase({ connectionString: url, applicationName: 'bench' });
  try {
    await pool.query(`
      insert into newspapers.orgs (code, name) select 'org' || n, 'Library ' || n from generate_series(1, ${ORGS}) n;
      insert into newspapers.titles (lccn, name, marc_title, marc_location, org_id, validated_at)
        select 'sn' || 10000000 + id, 'The ' || code, 'The ' || code, 'Chicopee, Mass.', id, now() from newspapers.orgs;
      insert into newspapers.issues (title_id, org_id, kind, date, edition, workflow_step, human_name, location, metadata_approved_at)
        select t.id, t.org_id, 'borndigital', date '1900-01-01' + n, 1, 'ReadyForBatching',
          t.lccn || '-' || to_char(date '1900-01-01' + n, 'YYYYMMDD') || '01-' || n, '/workflow/' || t.lccn || '/' || n, now()
        from newspapers.titles t, generate_series(1, ${issues / ORGS}) n;
      insert into newspapers.pages (issue_id, number) select i.id, n from newspapers.issues i, generate_series(1, ${PAGES}) n;
      insert into file_sets (object_type, object_id, role, directory) select 'issue', id, 'page', location from newspapers.issues;
      insert into files (set_id, path, size, sha256)
        select id, lpad(n::text, 4, '0') || '.' || extension, 250000, sha256((id || ' ' || n || extension)::bytea)
        from file_sets, generate_series(1, ${PAGES}) n, unnest(array['jp2', 'pdf', 'xml']) extension;
      insert into files (set_id, path, size, sha256)
        select s.id, to_char(i.date, 'YYYYMMDD') || '01.xml', 30000, sha256(i.human_name::bytea)
        from file_sets s join newspapers.issues i on i.id = s.object_id;`); // prettier-ignore
    await pool.query('analyze');
  } finally {
    await close();
  }
}

async function countBatches(url: string): Promise<number> {
  const { pool, close } = connectDatabase({ connectionString: url, applicationName: 'bench' });
  const { rows } = await pool.query<{ batches: number }>('select count(*)::int as batches from newspapers.batches');
  await close();
  return rows[0]?.batches ?? 0;
}

/** The program as a user runs it. @throws Error with what it said when it fails */
async function costOf(url: string, directory: string, args: readonly string[]): Promise<Cost> {
  const [settings, peak] = [join(directory, 'settings.env'), join(directory, 'peak')];
  await writeFile(settings, `DATABASE_URL="${url}"\nVAR_DIRECTORY="${directory}"\n`);
  const sizes = ['--min-batch-size', '1', '--max-batch-size', '1000'];
  const began = performance.now();
  const child = spawn(process.execPath, ['--import', PROBE, PROGRAM, ...args, ...sizes, '--settings', settings], {
    env: { ...process.env, NODE_OPTIONS: '', BENCH_PEAK: peak },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`queue-batches ended with ${code ?? signal ?? 'nothing'}:\n${said}`);
  const seconds = (performance.now() - began) / 1000;
  return { seconds, peakMegabytes: (Number(await readFile(peak, 'utf8')) * 1024) / 1e6 };
}

const middle = (costs: readonly Cost[]): Cost => ({
  seconds: median(costs.map(({ seconds }) => seconds)),
  peakMegabytes: median(costs.map(({ peakMegabytes }) => peakMegabytes)),
});

function told(measured: { issues: number; way: string; batches: number; cost: Cost }[]): Part {
  const of = (issues: number, way: string) => measured.find((one) => one.issues === issues && one.way === way)?.cost;
  return {
    title: `queue-batches: ready issues of ${PAGES} pages in ${ORGS} organisations`,
    rows: measured.map(({ issues, way, batches, cost }) => ({
      issues,
      way,
      'batches made': batches,
      'wall s': rounded(cost.seconds, 2),
      'peak RSS MB': rounded(cost.peakMegabytes, 1),
    })),
    aims: WAYS.flatMap(({ way }) => {
      const [few, many] = [of(FEW, way), of(MANY, way)];
      const growth = (many?.peakMegabytes ?? NaN) / (few?.peakMegabytes ?? NaN);
      const seconds = many?.seconds ?? NaN;
      return [
        {
          aim: `${way}: ${MANY} issues within ${WALL_LIMIT} s`,
          measured: `${rounded(seconds, 2)} s`,
          met: seconds <= WALL_LIMIT,
        },
        {
          aim: `${way}: memory flat (${MANY} issues at most ${GROWTH_LIMIT} x ${FEW})`,
          measured: `${rounded(growth, 2)} x`,
          met: growth <= GROWTH_LIMIT,
        },
      ];
    }),
    notes: [
      'The program from its start to its end, loading and connecting included. Database: 25 recorded files per issue.',
    ],
  };
}
