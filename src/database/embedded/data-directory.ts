/** Finds or makes the private data directory. */
import { chown, lstat, mkdir, mkdtemp, readFile, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canEnter } from './account.js';
import { EmbeddedPostgresError } from './error.js';
import { runServerProgram, type ServerAccount } from './server-program.js';

/** Where root puts what the server's account could not reach in the checkout. */
export const REACHABLE = '/var/lib/pressmark';

/** The database's superuser; over the private socket nobody is asked for a password. */
export const SUPERUSER = 'pressmark';

/** The data directory below `directory`, and the version it is bound to once it exists. */
export async function findDataDirectory(directory: string): Promise<{ path: string; major: number | undefined }> {
  const path = join(directory, 'postgres');
  const version = await readFile(join(path, 'PG_VERSION'), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EACCES')
      throw new EmbeddedPostgresError(
        `${path} is not yours to read: run as its owner or as root, or set VAR_DIRECTORY elsewhere`,
      );
    return undefined;
  });
  if (version !== undefined) return { path: await realpath(path), major: Number.parseInt(version, 10) };
  await refuseForeignDirectory(path);
  return { path, major: undefined };
}

/**
 * Makes the data directory: initdb beside its place, then one rename, so that a killed initdb leaves nothing that looks
 * like a database and of two that start at once one wins. Where the account cannot reach `directory` (a checkout in
 * root's home) it is made below /var/lib/pressmark and `directory/postgres` is a link to it.
 *
 * @returns the directory's real path
 * @throws EmbeddedPostgresError when initdb fails, with what it said.
 */
export async function makeDataDirectory(options: {
  directory: string;
  account: ServerAccount | undefined;
  binaries: string;
  notice: (text: string) => void;
}): Promise<string> {
  const { directory, account, notice } = options;
  const target = join(directory, 'postgres');
  await mkdir(directory, { recursive: true });
  const reachable = await canEnter(account, directory);
  if (!reachable) await mkdir(REACHABLE, { recursive: true, mode: 0o755 });
  const made = await mkdtemp(reachable ? join(directory, 'postgres.new-') : join(REACHABLE, 'postgres-'));
  try {
    await initialise(made, options);
    if (reachable) await rename(made, target);
    else await symlink(made, target);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error; // else another starter was quicker, and its database is ours too
    return realpath(target);
  }
  if (!reachable)
    notice(`The database is in ${made}: ${account?.name ?? 'its user'}, who runs it, cannot enter ${directory}`);
  return realpath(target);
}

async function initialise(
  dataDirectory: string,
  options: { account: ServerAccount | undefined; binaries: string },
): Promise<void> {
  const { account, binaries } = options;
  if (account) await chown(dataDirectory, account.uid, account.gid);
  // C sorts bytes on every platform alike; who may reach the socket may do everything, and there is no other way in.
  const args = [
    '-D',
    dataDirectory,
    '-U',
    SUPERUSER,
    '--encoding=UTF8',
    '--locale=C',
    '--auth-local=trust',
    '--auth-host=reject',
  ];
  const { ok, reason } = await runServerProgram(join(binaries, 'initdb'), args, { account, timeoutSeconds: 180 });
  if (ok) return;
  throw new EmbeddedPostgresError(
    `initdb (${binaries}) could not make a database in ${dirname(dataDirectory)}: ${reason}\nRemedy: see that the directory is on a local disk with 100 MB free, or set VAR_DIRECTORY to one that is, or set DATABASE_URL to a server`,
  );
}

/** Something is there that is no data directory: a link whose target was removed is cleared, all else is left alone. */
async function refuseForeignDirectory(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (found.isSymbolicLink() && !(await realpath(path).catch(() => undefined))) {
    const target = await readlink(path);
    throw new EmbeddedPostgresError(
      `${path} leads to ${target}, which is gone: put it back, or remove the link to start with an empty database`,
    );
  }
  throw new EmbeddedPostgresError(
    `${path} exists but is no PostgreSQL data directory: move it away, or set VAR_DIRECTORY elsewhere`,
  );
}
