/** `migrate-database`: brings the database to the newest schema. */
import type { Command } from 'commander';
import { makeProgram, openSettings, printer, runMain, type CommonOptions } from './program.js';

interface MigrateCommandOptions extends CommonOptions {
  current?: boolean;
}

const program = makeProgram(
  'migrate-database',
  'Bring the database to the newest schema. Running it twice changes nothing.',
)
  .option(
    '--current',
    'also apply migrations/current, which is still being developed (always done without DATABASE_URL)',
  )
  .addHelpText(
    'after',
    `
Examples:
  migrate-database                                   the database of DATABASE_URL, else the embedded one in VAR_DIRECTORY
  migrate-database --settings /etc/pressmark.env     settings from there
  DATABASE_URL=postgresql://pressmark@db/pressmark migrate-database --json

Run it after installing a new version, before starting run-jobs; any number may run at once. DATABASE_URL must lead to
the server itself: a pooler in transaction mode cannot keep the lock. Programs without DATABASE_URL migrate by themselves.`,
  )
  .action(async (_options: MigrateCommandOptions, command: Command) => {
    const options = command.optsWithGlobals<MigrateCommandOptions>();
    const { DATABASE_URL, VAR_DIRECTORY } = await openSettings(options);
    const { migrateDatabase } = await import('../database/migrate.js');
    const notice = (text: string): unknown => process.stderr.write(`${text}\n`);
    const connectionString = DATABASE_URL ?? (await startEmbedded(VAR_DIRECTORY, notice));
    const applied = await migrateDatabase({
      connectionString,
      includeCurrent: options.current ?? DATABASE_URL === undefined,
      notice,
    });
    printer(options)({ applied }, () =>
      applied.length === 0
        ? 'The database is up to date.'
        : `Applied ${applied.length}: the database is up to date now.`,
    );
  });

async function startEmbedded(directory: string, notice: (text: string) => void): Promise<string> {
  const { startEmbeddedPostgres } = await import('../database/embedded.js');
  return (await startEmbeddedPostgres({ directory, notice })).connectionString;
}

await runMain(program);
