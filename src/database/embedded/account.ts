/** Whom the server runs as: PostgreSQL refuses to run as root. */
import { stat } from 'node:fs/promises';
import { EmbeddedPostgresError } from './error.js';
import { runServerProgram, type ServerAccount } from './server-program.js';

/**
 * As root: the owner of an existing data directory, else `postgres`, else `nobody`. As anybody else: ourselves
 * (`undefined`), and an existing data directory must be ours.
 *
 * @throws EmbeddedPostgresError when the directory is somebody else's, or root finds no account.
 */
export async function serverAccount(dataDirectory: string): Promise<ServerAccount | undefined> {
  const us = process.getuid?.();
  if (us === undefined) {
    throw new EmbeddedPostgresError(
      'The embedded PostgreSQL needs Linux or macOS: set DATABASE_URL to a server instead',
    );
  }
  const owner = await stat(dataDirectory).catch(() => undefined);
  if (us !== 0) {
    if (owner && owner.uid !== us) {
      throw new EmbeddedPostgresError(
        `${dataDirectory} belongs to user ${owner.uid}, not to you: run as that user or as root, set VAR_DIRECTORY elsewhere, or set DATABASE_URL`,
      );
    }
    return undefined;
  }
  if (owner && owner.uid !== 0) return { name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', 'nobody']) {
    const account = await lookUp(name);
    if (account) return account;
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL refuses to run as root, and there is neither a user "postgres" nor "nobody" to run it: run as a plain user, or set DATABASE_URL',
  );
}

/** May this account enter the directory? Asked of the system itself, which knows groups, ACLs and mounts. */
export async function canEnter(account: ServerAccount | undefined, directory: string): Promise<boolean> {
  const { ok } = await runServerProgram('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], {
    account,
    timeoutSeconds: 60, // a machine without time says nothing of permissions
  });
  return ok;
}

async function lookUp(name: string): Promise<ServerAccount | undefined> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => numberOf(flag, name)));
  return uid !== undefined && gid !== undefined && uid !== 0 ? { name, uid, gid } : undefined;
}

async function numberOf(flag: string, name: string): Promise<number | undefined> {
  const { ok, stdout } = await runServerProgram('id', [flag, name], { account: undefined, timeoutSeconds: 10 });
  return ok ? Number(stdout.trim()) : undefined;
}
