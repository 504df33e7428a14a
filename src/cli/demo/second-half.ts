/** From metadata to the dark archive: what curators, reviewers and batch people do, and what comes of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { connect, type Places } from './stage.js';
import { tree } from './tree.js';

/** What the demo can do with the programs. */
export interface Stagehand {
  places: Places;
  say: (text: string) => void;
  /** Runs one of the programs, its output shown. */
  run: (name: string, ...args: string[]) => Promise<void>;
  /** Waits until the daemon has nothing to do. */
  work: () => Promise<void>;
}

/** Takes the issues that wait for their metadata to the end of the road. */
export async function secondHalf(hand: Stagehand): Promise<void> {
  const { places, say, run, work } = hand;

  say('A curator enters the metadata of all issues in a spreadsheet');
  const file = join(places.root, 'metadata.csv');
  const metadata = await metadataOf(places);
  if (metadata === undefined) return void process.stdout.write('No issue has come so far: see above.\n');
  await writeFile(file, metadata);
  await run('issues', 'metadata', '--from', file, '--as', 'cora');
  await work();

  say('A reviewer, who is somebody else, approves it');
  for (const id of await asked(places, 'metadata_review')) {
    await run('holding-pen', 'claim', String(id), '--as', 'rita');
    await run('holding-pen', 'decide', String(id), 'approve', '--as', 'rita');
  }
  await work();
  await show(hand, 'workflow');

  say('The issues that are ready become batches, one for each organisation; the staging site loads them');
  await run('queue-batches', '--min-batch-size', '1', '--dry-run');
  await run('queue-batches', '--min-batch-size', '1');
  await work();
  await show(hand, 'outgoing', 'production-batches');
  await run('batches', 'list');

  for (const { name, key } of await bigBatches(places)) {
    say(`Quality control finds an issue of ${name} that is no good: the batch is built again without it`);
    await run('batches', 'reject', name, '--reason', 'a page is upside down', '--as', 'quentin');
    await work();
    await run('batches', 'flag', name, key, '--reason', 'page 2 is upside down', '--as', 'quentin');
    await work();
    await run('batches', 'finalize', name, '--as', 'quentin');
    await work();
    await show(hand, 'production-batches');
  }

  say('What is left is right: it goes live, and into the archive');
  for (const name of await batchesThatAre(places, 'qc_ready')) await run('batches', 'approve', name, '--as', 'quentin');
  await work();
  await show(hand, 'outgoing', 'production-batches', 'batch-archive');

  say('Somebody has brought the archive off-site; four weeks go by; the working copies may go');
  for (const name of await batchesThatAre(places, 'live')) await run('batches', 'archived', name, '--as', 'lola');
  await work();
  await fourWeeksLater(places);
  await run('delete-live-done-issues');
  await run('delete-live-done-issues', '--live');
  await work();
  await show(hand, 'workflow', 'production-batches', 'batch-archive');
  await run('batches', 'list');
}

async function show({ places }: Stagehand, ...areas: string[]): Promise<void> {
  for (const area of areas) {
    const lines = await tree(join(places.root, area));
    process.stdout.write(
      `${area}/${lines.length === 0 ? ' (empty)' : ''}\n${lines.map((line) => `${line}\n`).join('')}`,
    );
  }
}

/** A line for each issue that waits for its metadata, if any does; the last page of each carries no number. */
async function metadataOf(places: Places): Promise<string | undefined> {
  const { rows } = await connect(places, (db) =>
    sql<{ key: string; edition: number; pages: number }>`
      select t.lccn || '/' || to_char(i.date, 'YYYYMMDD') || lpad(i.edition::text, 2, '0') as key, i.edition,
        (select count(*) from newspapers.pages p where p.issue_id = i.id) as pages
      from newspapers.issues i join newspapers.titles t on t.id = i.title_id
      where i.workflow_step = 'ReadyForMetadataEntry' order by i.id`.execute(db),
  );
  const lines = rows.map(({ key, edition, pages }, at) => {
    const labels = Array.from({ length: pages }, (_, page) => (page === pages - 1 ? '' : String(page + 1)));
    return `${key},12,${at + 1},${edition},"${labels.join(',')}"\n`;
  });
  return lines.length === 0 ? undefined : `issue,volume,issueNumber,edition,labels\n${lines.join('')}`;
}

async function asked(places: Places, action: string): Promise<number[]> {
  const { rows } = await connect(places, (db) =>
    sql<{ id: number }>`select id from pipelines where status = 'held' and hold_action = ${action} order by id`.execute(
      db,
    ),
  );
  return rows.map(({ id }) => id);
}

async function batchesThatAre(places: Places, status: string): Promise<string[]> {
  const { rows } = await connect(places, (db) =>
    sql<{
      name: string;
    }>`select full_name as name from newspapers.batches where status = ${status} order by id`.execute(db),
  );
  return rows.map(({ name }) => name);
}

/** Batches on staging that can lose an issue, each with its last. */
async function bigBatches(places: Places): Promise<{ name: string; key: string }[]> {
  const { rows } = await connect(places, (db) =>
    sql<{ name: string; key: string }>`
      select b.full_name as name,
        max(t.lccn || '/' || to_char(i.date, 'YYYYMMDD') || lpad(i.edition::text, 2, '0')) as key
      from newspapers.batches b join newspapers.issues i on i.batch_id = b.id join newspapers.titles t on t.id = i.title_id
      where b.status = 'qc_ready' group by b.id having count(*) > 1 order by b.id`.execute(db),
  );
  return rows;
}

/** The clock cannot be moved, so what was is: nobody waits for a demo. */
async function fourWeeksLater(places: Places): Promise<void> {
  await connect(places, (db) =>
    sql`update newspapers.batches set archived_at = archived_at - interval '29 days' where archived_at is not null`.execute(
      db,
    ),
  );
}
