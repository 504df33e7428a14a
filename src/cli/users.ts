/** `users`: who may decide and change things. */
import type { Command } from 'commander';
import type { User, UserAct } from '../engine/users.js';
import { common, makeProgram, printer, runMain, withSession, type CommonOptions } from './program.js';
import { visible } from './table.js';
import { rolesTable, userLine, usersTable } from './users/tables.js';

const program = makeProgram('users', 'Who may decide and change things, by roles.').addHelpText(
  'after',
  `
Examples:
  users add ada --name "Ada Lovelace" --role sysop        the first user, from then on only users may act
  users add ben --role "issue curator" --role "title manager"
  users grant ben "workflow manager"
  users deny ben "title manager"
  users deactivate ben                                    he may do nothing any more; what he did stays
  users list
  users roles                                             the roles and what each may

As long as there is no active user everybody may do everything; the first user must be a sysop. User managers grant
and deny only roles that they have themselves, nobody changes themself, only sysops see and change sysops. A login
never changes. You are your login name, or --as LOGIN: whoever can start these programs is trusted not to lie.`,
);

const collect = (role: string, before: string[]): string[] => [...before, role];

common(program.command('add').description('add a user'))
  .argument('<login>', 'as the operating system knows them, or as a web server reports them; it never changes')
  .option('--name <name>', 'for people (default: the login)')
  .option('--role <role>', 'a role; may be repeated', collect, [])
  .action((login: string, options: { name?: string; role: string[] }, command: Command) =>
    changing(command, async (act) => {
      const { name, role } = options;
      const user = await (await users()).addUser(act, { login, roles: role, ...(name !== undefined && { name }) });
      await warnIfShutOut(act, user);
      return user;
    }),
  );

common(program.command('list').description('users by login; user managers may')).action(
  (_options: CommonOptions, command: Command) =>
    withSession(command, async ({ database, actor, print }) => {
      const [{ listUsers }, { roles }] = await Promise.all([users(), import('./permissions.js')]);
      print(await listUsers({ db: database.kysely, roles, actor }), usersTable);
    }),
);

common(program.command('roles').description('the roles and what each may')).action(
  async (_options: CommonOptions, command: Command) => {
    const { roles } = await import('./permissions.js');
    printer(command.optsWithGlobals())(roles.all, rolesTable);
  },
);

common(program.command('grant').description('give a user a role; one that includes others replaces them'))
  .argument('<login>')
  .argument('<role>', 'e.g. "title manager"')
  .action((login: string, role: string, _options: CommonOptions, command: Command) =>
    changing(command, async (act) => (await users()).grantRole(act, login, role)),
  );

common(program.command('deny').description('take a role away'))
  .argument('<login>')
  .argument('<role>', 'e.g. "title manager"')
  .action((login: string, role: string, _options: CommonOptions, command: Command) =>
    changing(command, async (act) => (await users()).denyRole(act, login, role)),
  );

common(program.command('deactivate').description('from now on this user may do nothing'))
  .argument('<login>')
  .action((login: string, _options: CommonOptions, command: Command) =>
    changing(command, async (act) => (await users()).deactivateUser(act, login)),
  );

common(program.command('reactivate').description('let a deactivated user in again, with the roles of before'))
  .argument('<login>')
  .action((login: string, _options: CommonOptions, command: Command) =>
    changing(command, async (act) => (await users()).reactivateUser(act, login)),
  );

await runMain(program);

// A function, not a constant: `await runMain` above runs before a constant down here has its value.
function users() {
  return import('../engine/users.js');
}

/** Whoever adds the first user may be none: better told now than at the next command. */
async function warnIfShutOut({ db, actor }: UserAct, added: User): Promise<void> {
  const { findPerson } = await import('../engine/permission.js');
  await findPerson(db, actor).catch((error: unknown) => {
    if ((error as Error).name !== 'Refused') throw error;
    process.stderr.write(
      `from now on ${visible(actor)} may do nothing here: act --as ${added.login}, or be added: users add ${visible(actor)} --as ${added.login}\n`,
    );
  });
}

/** One change of one user, printed as the user is then. */
function changing(command: Command, change: (act: UserAct) => Promise<User>): Promise<void> {
  return withSession(command, async ({ database, actor, print }) => {
    const { roles } = await import('./permissions.js');
    print(await change({ db: database.kysely, roles, actor }), userLine);
  });
}
