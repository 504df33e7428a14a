/** `run-jobs`: the daemon, and the sysadmin's view and verbs on pipelines. */
import { InvalidArgumentError, type Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { printableJson } from './printable.js';
import { spanOption } from './holding-pen/time-options.js';
import {
  common,
  currentActor,
  makeProgram,
  openSettings,
  positiveInteger,
  printer,
  runMain,
  withSession,
  type CommonOptions,
  type Session,
} from './program.js';

const program = makeProgram(
  'run-jobs',
  'Run the jobs of pipelines, see how they are, help those that stand.',
).addHelpText(
  'after',
  `
Examples:
  run-jobs watch                            the daemon: runs jobs until SIGTERM
  run-jobs watch --queues io=1,fast=4       only these queues, with these widths
  run-jobs watch --exit-when-idle           until nothing is runnable, then says what waits
  run-jobs status --watch                   queues, runners, running jobs, what failed or waits
  run-jobs show 42                          one pipeline whole
  run-jobs logs --pipeline 42 --follow      its story as it happens
  run-jobs requeue 42 --reason "disk is back"
  run-jobs clean --older-than 90d           what ended long ago goes to compressed files`,
);

common(
  program
    .command('watch')
    .description('run jobs until told to stop (SIGTERM: finish within SHUTDOWN_GRACE; twice: at once)'),
)
  .option(
    '--queues <widths>',
    'queues to serve and how many jobs of each at once, e.g. io=1,cpu=2,fast=4,instant=4 (default: setting QUEUES)',
  )
  .option('--exit-when-idle', 'end when nothing is runnable now, and say what is failed, held or delayed')
  .action(async (options: CommonOptions & { queues?: string; exitWhenIdle?: boolean }, command: Command) => {
    const { settings: file } = command.optsWithGlobals<CommonOptions>();
    const settings = await openSettings(command.optsWithGlobals());
    const { parseQueues } = await import('../settings.js');
    const { watch } = await import('./run-jobs/watch.js');
    const { looseSecrets } = await import('./run-jobs/loose-secrets.js');
    const queues = options.queues === undefined ? settings.QUEUES : usage(() => parseQueues(options.queues ?? ''));
    const warnings = looseSecrets({ ...(file !== undefined && { file }), env: process.env });
    await watch(settings, { queues, exitWhenIdle: options.exitWhenIdle ?? false, warnings });
  });

common(program.command('run-one').description('claim one pipeline, run the job it stands at, end')).action(
  async (_options: CommonOptions, command: Command) => {
    const options = command.optsWithGlobals<CommonOptions>();
    const { runOne } = await import('./run-jobs/run-one.js');
    const ran = await runOne(await openSettings(options), options.as ?? currentActor());
    printer(options)(ran ?? null, (job) =>
      job === null
        ? 'nothing is runnable now'
        : `ran job ${job.sequence} (${job.type}) of pipeline ${job.pipelineId}: now ${job.status}`,
    );
  },
);

common(program.command('status').description('queues, runners, running jobs with progress, what failed or waits'))
  .option('--watch', 'print it again every two seconds until interrupted')
  .action((options: { watch?: boolean }, command: Command) =>
    withSession(command, async ({ database, coordination, print }) => {
      const { progress } = await coordination();
      const { readStatus } = await import('../engine/status.js');
      const { statusText } = await import('./run-jobs/tables.js');
      do {
        const status = await readStatus(database.kysely, progress);
        if (options.watch && process.stdout.isTTY) process.stdout.write('\x1b[H\x1b[2J');
        print(status, statusText);
        if (options.watch) await sleep(2000);
      } while (options.watch);
    }),
  );

common(program.command('pipelines').description('list pipelines, newest first'))
  .option(
    '--status <status>',
    'only these: pending, delayed, in_process, held, failed, success or cancelled',
    oneOf('pending', 'delayed', 'in_process', 'held', 'failed', 'success', 'cancelled'),
  )
  .option('--name <name>', 'only pipelines of this name, e.g. TakeInUpload')
  .option('--object <type/id>', 'only pipelines of this object, e.g. issue/7', objectOption)
  .option('--before <id>', 'only pipelines with a smaller number: the next page', positiveInteger)
  .option('--limit <n>', 'at most so many', positiveInteger, 50)
  .action(
    (
      options: {
        status?: string;
        name?: string;
        object?: { type: string; id: number };
        before?: number;
        limit: number;
      },
      command: Command,
    ) =>
      withSession(command, async ({ database, print }) => {
        const { listPipelines } = await import('../engine/status.js');
        const { pipelinesTable } = await import('./run-jobs/tables.js');
        print(await listPipelines(database.kysely, options), pipelinesTable);
      }),
  );

common(
  program
    .command('show')
    .description('one pipeline whole: its jobs, decisions, events')
    .argument('<pipeline>', 'its number', positiveInteger),
).action((id: number, _options: CommonOptions, command: Command) =>
  withSession(command, async ({ database, print }) => {
    const { showPipeline } = await import('../engine/status.js');
    const { pipelineText } = await import('./run-jobs/tables.js');
    const shown = await showPipeline(database.kysely, id);
    if (shown === undefined) throw await noSuchPipeline(id);
    print(shown, pipelineText);
  }),
);

common(program.command('logs').description("jobs' log lines, oldest first"))
  .option('--pipeline <id>', 'only of this pipeline', positiveInteger)
  .option('--last <n>', 'the newest so many', positiveInteger, 1000)
  .option('--follow', 'go on with new lines until interrupted')
  .action((options: { pipeline?: number; last: number; follow?: boolean }, command: Command) =>
    withSession(command, async (session) => {
      await printLogs(session, command.optsWithGlobals<CommonOptions>().json ?? false, options);
    }),
  );

verb('requeue', 'let failed or delayed pipelines go on now; failures count anew', 'requeued', async (db, id, act) =>
  (await operator()).requeuePipeline(db, id, act),
);
verb('cancel', 'end open pipelines; a running job is aborted', 'cancelled', async (db, id, act) =>
  (await operator()).cancelPipeline(db, id, act),
);
verb('skip', 'leave out the job that pipelines stand at', 'moved on', async (db, id, act) =>
  (await operator()).skipJob(db, id, act),
);

common(
  program
    .command('goto')
    .description('move a pipeline to one of its jobs; that and all later ones run (again)')
    .argument('<pipeline>', 'its number', positiveInteger)
    .argument('<job>', 'the sequence of the job, as show lists it', positiveInteger),
)
  .requiredOption('--reason <text>', 'why; kept in the events')
  .action((id: number, sequence: number, options: { reason: string }, command: Command) =>
    withSession(command, async ({ database, print, permitted }) => {
      const act = { actor: await permitted(), reason: options.reason };
      const status = await (await operator()).gotoJob(database.kysely, id, sequence, act);
      print({ id, sequence, status }, () => `pipeline ${id} stands at job ${sequence}: now ${status}`);
    }),
  );

common(
  program
    .command('clean')
    .description(
      'archive pipelines that ended long ago, of objects that are at rest, in compressed files; then delete them',
    ),
)
  .requiredOption('--older-than <span>', 'ended longer ago than this: 90d, 26w', spanOption)
  .option('--to <directory>', 'where the files go (default: archived-pipelines in VAR_DIRECTORY)')
  .option('--dry-run', 'count, and change nothing')
  .action((options: { olderThan: number; to?: string; dryRun?: boolean }, command: Command) =>
    withSession(command, async (session) => {
      const { clean, cleanedText } = await import('./run-jobs/clean.js');
      session.print(await clean(session, options), cleanedText);
    }),
  );

common(
  program
    .command('settings')
    .description('every setting, its value and where it comes from; passwords are masked. Needs no database'),
).action(async (_options: CommonOptions, command: Command) => {
  const options = command.optsWithGlobals<CommonOptions>();
  const { readShownSettings, settingsText } = await import('./run-jobs/settings.js');
  printer(options)(readShownSettings(options.settings), settingsText);
});

common(
  program
    .command('stop-database')
    .description('end the private PostgreSQL of VAR_DIRECTORY; the next program starts it again'),
).action(async (_options: CommonOptions, command: Command) => {
  const { VAR_DIRECTORY } = await openSettings(command.optsWithGlobals());
  const { stopEmbeddedPostgres } = await import('../database/embedded.js');
  await stopEmbeddedPostgres({ directory: VAR_DIRECTORY });
});

await runMain(program);

type Act = (db: Session['database']['kysely'], id: number, act: { actor: string; reason: string }) => Promise<string>;

/** A verb on one or more pipelines: each on its own, one refusal does not stop the others, any makes the exit code 1. */
function verb(name: string, description: string, done: string, act: Act): void {
  common(program.command(name).description(description).argument('<pipeline...>', 'their numbers', collectIds))
    .requiredOption('--reason <text>', 'why; kept in the events')
    .action((ids: number[], options: { reason: string }, command: Command) =>
      withSession(command, async ({ database, print, permitted }) => {
        const by = { actor: await permitted(), reason: options.reason };
        const outcomes = [];
        for (const id of ids) {
          try {
            outcomes.push({ id, status: await act(database.kysely, id, by) });
          } catch (error) {
            if ((error as Error).name !== 'Refused') throw error;
            outcomes.push({ id, refused: (error as Error).message });
            process.exitCode = 1;
          }
        }
        print(outcomes, (all) =>
          all.map((o) => ('refused' in o ? o.refused : `pipeline ${o.id} ${done}: now ${o.status}`)).join('\n'),
        );
      }),
    );
}

function collectIds(text: string, before: number[] = []): number[] {
  return [...before, positiveInteger(text)];
}

async function printLogs(
  { database, print }: Session,
  json: boolean,
  options: { pipeline?: number; last: number; follow?: boolean },
): Promise<void> {
  const { readLogs, showPipeline } = await import('../engine/status.js');
  const { logText } = await import('./run-jobs/tables.js');
  if (options.pipeline !== undefined && (await showPipeline(database.kysely, options.pipeline)) === undefined)
    throw await noSuchPipeline(options.pipeline);
  let lines = await readLogs(database.kysely, { pipelineId: options.pipeline, last: options.last });
  if (!options.follow) {
    print(lines, (all) => all.map(logText).join('\n'));
    return;
  }
  for (let after = 0; ;) {
    for (const line of lines) process.stdout.write(`${json ? printableJson(line) : logText(line)}\n`);
    after = lines.at(-1)?.id ?? after;
    await sleep(500);
    lines = await readLogs(database.kysely, { pipelineId: options.pipeline, afterId: after, last: 10_000 });
  }
}

// Functions, not constants: `await runMain` above runs before a constant down here has its value.
function operator() {
  return import('../engine/operator.js');
}

async function noSuchPipeline(id: number): Promise<Error> {
  const { Refused } = await operator();
  return new Refused('not found', `there is no pipeline ${id}`, 'run-jobs pipelines lists them');
}

function oneOf(...values: string[]) {
  return (value: string): string => {
    if (!values.includes(value)) throw new InvalidArgumentError(`it must be one of ${values.join(', ')}`);
    return value;
  };
}

function objectOption(text: string): { type: string; id: number } {
  const [, type, id] = /^(\w+)\/(\d+)$/.exec(text) ?? [];
  if (type === undefined) throw new InvalidArgumentError('it must look like issue/7');
  return { type, id: Number(id) };
}

/** Turns a mistake of the command line into commander's usage error, exit code 2. */
function usage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    return program.error(`error: ${(error as Error).message}`, { exitCode: 2 });
  }
}
