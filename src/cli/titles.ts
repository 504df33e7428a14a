/** `titles`: the newspapers. */
import type { Command } from 'commander';
import type { AddedTitle } from '../newspapers/add-titles.js';
import type { Title } from '../newspapers/titles.js';
import { common, makeProgram, runMain, withSession } from './program.js';
import { table, visible } from './table.js';

const program = makeProgram('titles', 'Newspaper titles, each known by its LCCN.').addHelpText(
  'after',
  `
Examples:
  titles add --marc sn93059126.xml                          from one MARCXML record
  titles add --marc /var/local/marc                         from every *.xml below a directory
  titles add --marc sn93059126.xml --sftp-user chicopee     its uploads may also lie under "chicopee"
  titles add --marc sn93059126.xml --org mwa                awardee of its born-digital issues
  titles list

Adding a title that is there brings it up to date.`,
);

common(program.command('add').description('add titles from MARC records, or bring them up to date'))
  .requiredOption('--marc <path>', 'a MARCXML file of one record, or a directory of such files')
  .option('--org <code>', 'awardee of their born-digital issues (else setting PDF_BATCH_MARC_ORG_CODE)')
  .option('--sftp-user <name>', 'directory of the uploads, where it is not the LCCN; only for a single record')
  .action((options: { marc: string; org?: string; sftpUser?: string }, command: Command) =>
    withSession(command, async ({ database, print }) => {
      const [{ findMarcFiles }, { addTitles }] = await Promise.all([
        import('../newspapers/marc-files.js'),
        import('../newspapers/add-titles.js'),
      ]);
      const files = await findMarcFiles(options.marc);
      if (files.length === 0) command.error(`error: there is no *.xml below ${visible(options.marc)}`, { exitCode: 2 });
      if (options.sftpUser !== undefined && files.length > 1) {
        command.error(
          `error: --sftp-user is of one title, and ${files.length} files lie below ${visible(options.marc)}`,
        );
      }
      const added = await addTitles(database.kysely, files, {
        ...(options.org !== undefined && { orgCode: options.org }),
        ...(options.sftpUser !== undefined && { sftpUser: options.sftpUser }),
      });
      if (added.some((each) => 'refused' in each)) process.exitCode = 1;
      print(added, (all) => all.map(addedLine).join('\n'));
    }),
  );

common(program.command('list').description('all titles, by LCCN')).action((_options: unknown, command: Command) =>
  withSession(command, async ({ database, print }) => {
    const { listTitles } = await import('../newspapers/titles.js');
    print(await listTitles(database.kysely), titlesTable);
  }),
);

await runMain(program);

function addedLine(added: AddedTitle): string {
  if ('refused' in added) return visible(`refused: ${added.refused}`);
  const { change, title } = added;
  const doubt = title.validatedAt === null ? '; not validated: its record names no place of publication' : '';
  return visible(`${change} ${title.lccn} (${title.name})${doubt}`);
}

function titlesTable(titles: Title[]): string {
  return table(
    ['lccn', 'title', 'place', 'language', 'sftp user', 'org', 'validated'],
    titles.map((t) => [t.lccn, t.name, t.location, t.language, t.sftpUser, t.orgCode, t.validatedAt ? 'yes' : 'no']),
    'There are no titles yet: titles add --marc FILE adds one.',
  );
}
