/** `issues import-nca`: an NCA database comes over. */
import { Option, type Command } from 'commander';
import type { ImportSummary } from '../../newspapers/nca/import-nca.js';
import { ProgressBar } from '../progress-bar.js';
import { common, withSession, type CommonOptions } from '../program.js';
import { table, visible } from '../table.js';

export const importExamples = `
  issues import-nca --dump nca.sql.gz --dry-run   what would be imported of an NCA dump, and what cannot be
  issues import-nca --dump nca.sql.gz             does it, whole or not at all
  issues import-nca --database mysql://nca@dbhost/nca      reads a running NCA database (password in MYSQL_PWD)`;

interface Options extends CommonOptions {
  dump?: string;
  database?: string;
  dryRun?: boolean;
}

/** Adds the command to `issues`. */
export function addImportCommand(program: Command): void {
  common(program.command('import-nca').description('take over a whole NCA database, into one without issues'))
    .addOption(new Option('--dump <file>', 'what mysqldump wrote of it, plain or gzipped').conflicts('database'))
    .option('--database <address>', 'mysql://user:password@host/name of the database itself; it is only read')
    .option('--dry-run', 'read and check everything, keep nothing')
    .addHelpText(
      'after',
      `
Organisations, titles, users, issues with their page labels, batches, flags and the activity log
come over; issues and batches keep their numbers. What waits for a person in NCA waits for that
person here. Nothing is imported as long as a job of NCA is open, or a value cannot be taken over:
every one is named. Stop NCA before, and leave it stopped; run no daemon (run-jobs) here meanwhile;
mount its directories under the names that they have in NCA, and give Pressmark NCA's settings of
those directories, under the same names (WORKFLOW_PATH and so on, see settings.example.env).

It is for sysops. SFTP passwords, job logs and ended pipelines stay behind; claims get a new week.
Files of which NCA took no sums are read whole, in a dry run, too: that can take hours.

Of a database: without a password in the address, MYSQL_PWD of the environment is taken;
mysql://user@localhost/name?socket=/run/mysqld/mysqld.sock goes over a socket, ?tls=true over TLS.`,
    )
    .action((options: Options, command: Command) => {
      const { dump, database: address, dryRun = false } = options;
      if (dump === undefined && address === undefined)
        command.error('error: name the NCA database: --dump FILE or --database ADDRESS', { exitCode: 2 });
      return withSession(command, async ({ database, settings, permitted, print }) => {
        const actor = await permitted();
        const [{ importNca }, { closeThreads }] = await Promise.all([
          import('../../newspapers/nca/import-nca.js'),
          import('../../files/threads.js'),
        ]);
        const source = await openSource(dump, address);
        const bar = new ProgressBar();
        const tell = (what: string) => {
          const { done, total } = source.progress() ?? { done: 0, total: 0 };
          bar.show(done, total, what);
        };
        try {
          const summary = await importNca(database.kysely, source, { settings, actor, dryRun, tell });
          bar.clear();
          print(summary, text);
        } catch (error) {
          const { ImportRefused } = await import('../../newspapers/nca/refused.js');
          const { json = false } = command.optsWithGlobals<CommonOptions>();
          if (!json || !(error instanceof ImportRefused)) throw error;
          const { openPipelines, badRows } = error;
          bar.clear();
          print({ imported: false, openPipelines, badRows }, () => error.message);
          process.exitCode = 1;
        } finally {
          bar.clear();
          await closeThreads();
        }
      });
    });
}

async function openSource(dump: string | undefined, address: string | undefined) {
  if (dump !== undefined) return (await import('../../newspapers/nca/dump/read-dump.js')).dumpSource(dump);
  return (await import('../../newspapers/nca/mysql-source.js')).mysqlSource(address ?? '');
}

const NAMES: Readonly<Record<string, string>> = {
  mocs: 'organisations (mocs)',
  batches_flagged_issues: 'flagged issues',
};

function text(summary: ImportSummary): string {
  const { read, written, pages, started, sums, notices, dryRun } = summary;
  const rows = Object.entries(written)
    .filter(([name]) => name !== 'jobs' && name !== 'pipelines')
    .map(([name, count]) => [NAMES[name] ?? name, read[name as keyof typeof read], count]);
  const asked = Object.entries(started).map(([name, count]) => `${count} ${name}`);
  return [
    table(['of nca', 'read', 'imported'], rows),
    '',
    `${pages} pages. Files: ${sums.recorded} issues with their SHA-256 sums, ${sums.without} without.`,
    asked.length === 0 ? 'Nothing waits for anybody.' : `Pipelines enqueued: ${asked.join(', ')}; run-jobs asks their questions.`, // prettier-ignore
    ...notices.map((notice) => visible(`Note: ${notice}`)),
    dryRun ? 'This was a dry run: nothing was imported.' : 'Imported.',
  ].join('\n');
}
