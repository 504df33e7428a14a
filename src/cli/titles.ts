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
  titles set sn93059126 --embargo "1 year 6 months"         its issues stay unpublished for that long
  titles set sn93059126 --org mwa                           awardee of its born-digital issues from now on
  titles set sn93059126 --org "" --embargo 0                none of its own again
  titles list

Adding a title that is there brings it up to date.`,
);

common(program.command('add').description('add titles from MARC records, or bring them up to date'))
  .requiredOption('--marc <path>', 'a MARCXML file of one record, or a directory of such files')
  .option('--org <code>', 'awardee of their born-digital issues (else setting PDF_BATCH_MARC_ORG_CODE)')
  .option('--sftp-user <name>', 'directory of the uploads, where it is not the LCCN; only for a single record')
  .action((options: { marc: string; org?: string; sftpUser?: string }, command: Command) =>
    withSession(command, async ({ database, print, permitted }) => {
      await permitted();
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

interface SetOptions {
  embargo?: string;
  org?: string;
  sftpUser?: string;
}

common(program.command('set').description('change what no MARC record tells of a title'))
  .argument('<title>', 'its LCCN, or its SFTP user')
  .option('--embargo <period>', 'how long its issues stay unpublished: "90 days", "1y6m"; 0 for not at all')
  .option('--org <code>', 'awardee of its born-digital issues; "" for the setting PDF_BATCH_MARC_ORG_CODE')
  .option('--sftp-user <name>', 'directory of its uploads beside the LCCN; "" for none')
  .action((name: string, { embargo, org, sftpUser }: SetOptions, command: Command) => {
    if (embargo === undefined && org === undefined && sftpUser === undefined)
      command.error('error: say what to change: --embargo, --org or --sftp-user', { exitCode: 2 });
    return withSession(command, async ({ database, print, permitted }) => {
      await permitted();
      const { changeTitle } = await import('../newspapers/titles.js');
      const title = await changeTitle(database.kysely, name, {
        ...(embargo !== undefined && { embargo }),
        ...(org !== undefined && { orgCode: org || null }),
        ...(sftpUser !== undefined && { sftpUser: sftpUser || null }),
      });
      print(title, (one) => titlesTable([one]));
    });
  });

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
    ['lccn', 'title', 'place', 'language', 'sftp user', 'org', 'embargo', 'validated'],
    titles.map((t) => [
      ...[t.lccn, t.name, t.location, t.language, t.sftpUser, t.orgCode, t.embargo],
      t.validatedAt ? 'yes' : 'no',
    ]),
    'There are no titles yet: titles add --marc FILE adds one.',
  );
}
