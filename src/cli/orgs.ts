/** `orgs`: MARC organisations, the awardees of issues and batches. */
import type { Command } from 'commander';
import { common, makeProgram, runMain, withSession } from './program.js';
import { table, visible } from './table.js';

const program = makeProgram(
  'orgs',
  'MARC organisations: every issue belongs to one, and so does every batch.',
).addHelpText(
  'after',
  `
Examples:
  orgs add oru "University of Oregon Libraries; Eugene, OR"
  orgs list
  orgs list --json

Adding a code that is there changes its name.`,
);

common(program.command('add').description('add an organisation, or rename it'))
  .argument('<code>', 'MARC organisation code, e.g. oru: names its directory in the scan upload area')
  .argument('<name>', 'as batches and sites show it')
  .action((code: string, name: string, _options: unknown, command: Command) =>
    withSession(command, async ({ database, print, permitted }) => {
      await permitted();
      const { addOrg } = await import('../newspapers/orgs.js');
      print(await addOrg(database.kysely, code, name), ({ org, change }) =>
        visible(`${change} ${org.code} (${org.name})`),
      );
    }),
  );

common(program.command('list').description('all organisations, by code')).action(
  (_options: unknown, command: Command) =>
    withSession(command, async ({ database, print }) => {
      const { listOrgs } = await import('../newspapers/orgs.js');
      print(await listOrgs(database.kysely), (orgs) =>
        table(
          ['code', 'name'],
          orgs.map((org) => [org.code, org.name]),
          'There are no organisations yet: orgs add CODE NAME adds one.',
        ),
      );
    }),
);

await runMain(program);
