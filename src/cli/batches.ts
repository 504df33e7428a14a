/** `batches`: issues on their way to the sites and the archive, and what people decide about them (newspapers spec 8.1). */
import { Option, type Command } from 'commander';
import { BATCH_GROUPS, type BatchGroup } from '../newspapers/batches/batch-list.js';
import { BATCH_STATUSES, type BatchStatus } from '../newspapers/batches/batch-status.js';
import { addDecisions } from './batches/decisions.js';
import { addPatch } from './batches/patch.js';
import { batchesText, batchText } from './batches/tables.js';
import { theNamed } from './batches/the-batch.js';
import { addUnpush } from './batches/unpush.js';
import { common, makeProgram, positiveInteger, runMain, withSession } from './program.js';

const program = makeProgram(
  'batches',
  'Batches of issues: on staging, live, archived. See them, and decide.',
).addHelpText(
  'after',
  `
Examples:
  batches list                                       what needs a person, what is in process, live, archived, complete
  batches list --group "needs a person" --org oru
  batches show K7SlateOtterNearFerns                 its issues, pages, flags, places, links, and its whole story
  batches approve K7SlateOtterNearFerns              seen on staging, all is well: it goes live and into the archive
  batches reject K7SlateOtterNearFerns --reason "pages upside down"
  batches flag K7SlateOtterNearFerns sn93059126/1856051001 --reason "page 3 upside down"
  batches flag K7SlateOtterNearFerns https://staging.news.edu/lccn/sn93059126/1856-05-10/ed-1/ --reason "torn"
  batches unflag K7SlateOtterNearFerns sn93059126/1856051001
  batches finalize K7SlateOtterNearFerns             build it again without what is flagged
  batches abort K7SlateOtterNearFerns                it was fine after all: back to approve or reject
  batches undo K7SlateOtterNearFerns                 take it apart; what is not flagged goes into another batch
  batches archived K7SlateOtterNearFerns             it is safe in the dark archive: the four weeks begin
  batches patch K7SlateOtterNearFerns --remove sn93059126/1856051001 --reason "wrong date" --dry-run
  batches unpush K7SlateOtterNearFerns --reason "wrong organisation" --dry-run
  batches ask K7SlateOtterNearFerns                  its pipeline was stopped or failed: the question before that, again
  batches resume K7SlateOtterNearFerns               ... or carry on what was stopped (its go-live, too)

A batch is named by its full name, batch_oru_20260115K7SlateOtterNearFerns_ver01, by the name in it, or by its number.
A daemon (run-jobs watch) carries out what is decided. Reading needs no role; approve to abort take the role batch
reviewer, as do ask, patch and unpush; archived takes batch loader; resume takes who may cancel (sysop).
flag, finalize and undo also take a batch whose building has failed.`,
);

interface ListOptions {
  group?: BatchGroup;
  status?: BatchStatus;
  org?: string;
  limit: number;
}

common(program.command('list').description('batches by what is to be done about them, the newest first'))
  .addOption(new Option('--group <group>', 'only this group').choices(BATCH_GROUPS))
  .addOption(new Option('--status <status>', 'only those of this status').choices(BATCH_STATUSES))
  .option('--org <code>', 'only those of this organisation')
  .option('--limit <n>', 'at most so many of each group', positiveInteger, 50)
  .action((options: ListOptions, command: Command) =>
    withSession(command, async ({ database, print }) => {
      const { listBatches } = await import('../newspapers/batches/batch-list.js');
      print(await listBatches(database.kysely, options), batchesText);
    }),
  );

common(
  program.command('show').description('one batch whole: issues, pages, flags, places, links, pipelines and history'),
)
  .argument('<batch>', 'its name or number')
  .action((name: string, _options: unknown, command: Command) =>
    withSession(command, async ({ database, settings, print }) => {
      const { tellBatch } = await import('../newspapers/batches/batch-story.js');
      print(await tellBatch(database.kysely, await theNamed(database, name), settings), batchText);
    }),
  );

addDecisions(program);
addPatch(program);
addUnpush(program);

common(
  program
    .command('ask')
    .description('have a batch asked about again whose pipeline was cancelled or failed; carries on nothing'),
)
  .argument('<batch>', 'its name or number')
  .action((name: string, _options: unknown, command: Command) =>
    withSession(command, async ({ database, settings, permitted, print }) => {
      const actor = await permitted();
      const { askAgain } = await import('../newspapers/batches/ask-again.js');
      const batch = await theNamed(database, name);
      const pipelineId = await askAgain(database.kysely, batch, settings, { actor });
      print({ batch: batch.fullName, pipelineId }, () => `${batch.fullName}: pipeline ${pipelineId} asks again`);
    }),
  );

common(
  program
    .command('resume')
    .description('carry on what was cancelled in the middle of a batch: its building, its go-live, its undoing'),
)
  .argument('<batch>', 'its name or number')
  .action((name: string, _options: unknown, command: Command) =>
    withSession(command, async ({ database, settings, permitted, print }) => {
      const actor = await permitted();
      const { resumeBatch } = await import('../newspapers/batches/resume-batch.js');
      const batch = await theNamed(database, name);
      const resumed = await resumeBatch(database.kysely, batch, settings, { actor });
      print(
        { batch: batch.fullName, ...resumed },
        () => `${batch.fullName}: ${resumed.what}; pipeline ${resumed.pipelineId} (${resumed.pipeline})`,
      );
    }),
  );

await runMain(program);
