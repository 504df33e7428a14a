/**
 * What every command-line program shares: `--settings`, `--json`, `--version`, errors without a stack, exit codes
 * 0 ok, 1 failed, 2 usage (design 7). A program parses, calls one function, prints.
 */
import { userInfo } from 'node:os';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Coordination } from '../coordination/coordination.js';
import type { Database } from '../database/database.js';
import { loginRemedy } from '../database/login-refused.js';
import { isConnectionTrouble } from '../engine/runner/connection-trouble.js';
import type { Settings } from '../settings.js';
import { printableJson, printableLines } from './printable.js';
import { version } from './version.js';

export interface CommonOptions {
  settings?: string;
  as?: string;
  json?: boolean;
}

/** What a command works with. */
export interface Session {
  settings: Settings;
  database: Database;
  /** Locks, for what touches files, and the progress of running jobs; the first call loads what they need. */
  coordination: () => Promise<Coordination>;
  /** Who acts: the login of `--as`, else the one of the operating system. Whether this person may is another question. */
  actor: string;
  /**
   * Lets pass who may do this command, by the table in permissions.ts, and says who it is: ask before anything is changed.
   * @param what the line of the table; the command's own unless told
   * @throws Refused naming the person, what is missing and who can grant it
   */
  permitted: (what?: string) => Promise<string>;
  /** Prints the value as JSON with `--json`, else the text made of it for people. */
  print: <T>(value: T, text: (value: T) => string) => void;
}

/** A program with the common options; commands are added to it. */
export function makeProgram(name: string, description: string): Command {
  return common(new Command(name).description(description).version(version))
    .showHelpAfterError('(--help tells more)')
    .configureOutput({ outputError: (text, write) => write(printableLines(text)) }) // it repeats what was typed, or pasted
    .configureHelp({ sortSubcommands: false });
}

/** Adds the common options to a command, so that they may stand before or after its name. */
export const common = (command: Command): Command =>
  command
    .option('--settings <file>', 'settings file (else $PRESSMARK_SETTINGS, else ./settings.env)')
    .option('--as <login>', 'act as this user (else your login name)', loginOption)
    .option('--json', 'print JSON for machines')
    .exitOverride();

/** Settings of this call. @throws SettingsError with all mistakes in one message. */
export async function openSettings(options: CommonOptions): Promise<Settings> {
  const { loadSettings } = await import('../settings.js');
  return loadSettings({ ...(options.settings !== undefined && { file: options.settings }), env: process.env });
}

/** Opens settings and database for a command and closes them after it. */
export async function withSession(command: Command, run: (session: Session) => Promise<void>): Promise<void> {
  const options = command.optsWithGlobals<CommonOptions>();
  const settings = await openSettings(options);
  const { openDatabase } = await import('../database/open-database.js');
  const actor = options.as ?? currentActor();
  const database = await openDatabase(settings, calledAs(command.parent?.name() ?? command.name(), actor), {
    notice: (text) => process.stderr.write(`${printableLines(text)}\n`),
  });
  let opened: Promise<Coordination> | undefined;
  const coordination = () =>
    (opened ??= import('../coordination/coordination.js').then(({ openCoordination }) =>
      openCoordination(settings, database.pool),
    ));
  try {
    const permitted = (what = commandPath(command)) => permit(database, actor, what);
    await run({ settings, database, coordination, actor, permitted, print: printer(options) });
  } finally {
    (await opened?.catch(() => undefined))?.close(); // what failed to open has failed the command already
    await database.close();
  }
}

/** Lets pass who may do a command. @throws Refused */
export async function permit(database: Database, actor: string, what: string): Promise<string> {
  const [{ requirePrivilege }, { PERMISSIONS, roles }] = await Promise.all([
    import('../engine/permission.js'),
    import('./permissions.js'),
  ]);
  const privilege = PERMISSIONS[what];
  if (privilege === undefined) throw new Error(`"${what}" has no line in src/cli/permissions.ts`);
  await requirePrivilege(database.kysely, roles, actor, privilege);
  return actor;
}

/** "run-jobs requeue". */
const commandPath = (command: Command): string =>
  command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`;

/** How a program calls itself to PostgreSQL, which every event keeps: with `--as` also who really called it. */
function calledAs(program: string, actor: string): string {
  const really = currentActor();
  return actor === really ? program : `${program} (${really})`;
}

/** Prints JSON or text, as the options say; nothing in it can command a terminal. */
export const printer =
  (options: CommonOptions): Session['print'] =>
  (value, text) => {
    process.stdout.write(`${options.json ? printableJson(value, 2) : printableLines(text(value))}\n`);
  };

/** Runs a program on this process's arguments and sets its exit code. */
export async function runMain(program: Command): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0); // `... | head` has seen enough
    throw error;
  });
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = explain(error);
  }
}

/** Says what went wrong, without a stack for what we know. Returns the exit code. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has said it
  process.stderr.write(`${printableLines(told(error as Error))}\n`);
  return (error as Error).name === 'SettingsError' ? 2 : 1;
}

/** The message of an error that says what is wrong and what to do; a stack only for a mistake of ours. */
function told(error: Error & { code?: unknown; hint?: unknown; syscall?: unknown }): string {
  // A connection tried over IPv6 and IPv4 fails with an error each, and a message only in them.
  if (error instanceof AggregateError) return (error.errors as Error[]).map(told).join('; ');
  const { code, hint, message, name, stack, syscall } = error;
  if (syscall === 'connect' || syscall === 'getaddrinfo')
    return `${message}: is PostgreSQL running, is DATABASE_URL right?`;
  if (isConnectionTrouble(error))
    return `${message}${typeof hint === 'string' ? ` (${hint})` : ''}: PostgreSQL went away, or takes nothing at the moment; look whether it was done (show, list), and run this again if not`;
  const isKnown = typeof code === 'string' || !MISTAKES_OF_OURS.has(name); // Node and PostgreSQL give their errors codes
  if (!isKnown) return stack ?? message;
  if (code === '42P01' || code === '3F000')
    return `${message}: the database is not up to date; run bin/migrate-database`;
  const remedy = loginRemedy(error);
  if (remedy !== undefined) return `${message}: ${remedy}`;
  return typeof hint === 'string' ? `${message} (${hint})` : message;
}

/** The errors of the language itself: only the stack explains them. */
const MISTAKES_OF_OURS = new Set(['Error', 'TypeError', 'ReferenceError', 'RangeError', 'SyntaxError', 'ZodError']);

/** Parses a positive whole number of the command line, e.g. an id. */
export function positiveInteger(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN; // Number() also takes 1e2 and 0x10
  if (!Number.isSafeInteger(value) || value <= 0) throw new InvalidArgumentError('it must be a whole number above 0');
  return value;
}

function loginOption(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('it must be a login');
  return text;
}

/** Who acts when `--as` does not say: the login name, also under sudo. Every decision and change carries it. */
export function currentActor(): string {
  const named = process.env['SUDO_USER'] ?? process.env['USER'] ?? process.env['LOGNAME'];
  if (named) return named;
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a container's user without an entry in /etc/passwd
  }
}
