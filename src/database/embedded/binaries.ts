/** Finds PostgreSQL's binaries: the system's newest, else those on PATH, else the npm package's (design 12). */
import { access, constants, readdir, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './error.js';
import { packageBinaries } from './package-binaries.js';
import { runServerProgram, type ServerAccount } from './server-program.js';

export type Origin = 'system' | 'path' | 'package';

export interface Binaries {
  directory: string;
  /** PostgreSQL's major version, which a data directory is bound to. */
  major: number;
  origin: Origin;
}

interface Wanted {
  account: ServerAccount | undefined;
  /** The version of an existing data directory. */
  major: number | undefined;
  /** Where the package's binaries may be copied to when the account cannot run them where they are. */
  copyTo: string;
  /** Only these, instead of the first that fits. */
  origin: Origin | undefined;
}

const NEEDED = ['postgres', 'initdb', 'pg_ctl'];
const SYSTEM = '/usr/lib/postgresql';

/**
 * The first binaries that are complete, that the account can run and that fit the data directory.
 *
 * @throws EmbeddedPostgresError with what was found and why it did not do.
 */
export async function findBinaries(wanted: Wanted): Promise<Binaries> {
  const refused: string[] = [];
  for (const [origin, list] of sources(wanted)) {
    if (wanted.origin && wanted.origin !== origin) continue;
    try {
      for (const directory of await list()) {
        const version = await majorVersion(directory, wanted.account);
        if (typeof version === 'string') refused.push(`${directory}: ${version}`);
        else if (wanted.major !== undefined && version !== wanted.major)
          refused.push(`${directory}: is PostgreSQL ${version}`);
        else return { directory, major: version, origin };
      }
    } catch (error) {
      refused.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new EmbeddedPostgresError(explain(wanted, refused));
}

function sources(wanted: Wanted): [Origin, () => Promise<string[]>][] {
  return [
    ['system', systemDirectories],
    ['path', pathDirectories],
    ['package', async () => [await packageBinaries(wanted.account, wanted.copyTo)]],
  ];
}

async function systemDirectories(): Promise<string[]> {
  const versions = await readdir(SYSTEM).catch(() => []);
  const newestFirst = versions.filter((version) => /^\d+$/.test(version)).sort((a, b) => Number(b) - Number(a));
  return complete(newestFirst.map((version) => join(SYSTEM, version, 'bin')));
}

async function pathDirectories(): Promise<string[]> {
  const directories = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
  const found = await complete(directories);
  // Debian's /usr/bin/pg_ctl and others' wrappers are links into the directory that has all the rest.
  return Promise.all(found.map(async (directory) => dirname(await realpath(join(directory, 'postgres')))));
}

/** Those that hold the server, not only its clients. */
async function complete(directories: string[]): Promise<string[]> {
  const whole = await Promise.all(
    directories.map((directory) =>
      Promise.all(NEEDED.map((program) => access(join(directory, program), constants.X_OK))).then(
        () => true,
        () => false,
      ),
    ),
  );
  return directories.filter((_, i) => whole[i]);
}

/** The version, or why it cannot be told. */
async function majorVersion(directory: string, account: ServerAccount | undefined): Promise<number | string> {
  const { ok, stdout, reason } = await runServerProgram(join(directory, 'postgres'), ['--version'], {
    account,
    timeoutSeconds: 30,
  });
  const major = /(\d+)(?:\.|devel|beta|rc)/.exec(stdout)?.[1];
  if (!ok || major === undefined) return reason || `"postgres --version" says: ${stdout.trim()}`;
  return Number(major);
}

function explain(wanted: Wanted, refused: string[]): string {
  const tried = refused.length > 0 ? ` Found: ${refused.join('; ')}.` : '';
  if (wanted.major !== undefined) {
    return `The data directory was made by PostgreSQL ${wanted.major}, and no such version is here.${tried} Install it (Debian: apt-get install postgresql-${wanted.major}), or move the data directory away to start with an empty one, or set DATABASE_URL.`;
  }
  return `No PostgreSQL was found in ${SYSTEM}/*/bin, on PATH or in node_modules.${tried} Install one (Debian: apt-get install postgresql), or run "npm install" again with optional dependencies, or set DATABASE_URL.`;
}
