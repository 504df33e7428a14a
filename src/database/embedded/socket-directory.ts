import { createHash } from 'node:crypto';
import { chown, lstat, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './error.js';
import type { ServerAccount } from './server-program.js';

/**
 * Where the server's socket lies: a short private directory named after the data directory. A socket's path may have
 * 107 bytes, which a checkout some levels down a home directory exceeds. Not os.tmpdir(): two programs of one
 * checkout may have different TMPDIRs.
 */
export async function socketDirectoryOf(dataDirectory: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await realpath(dataDirectory))
    .digest('hex');
  return join('/tmp', `pressmark-${hash.slice(0, 16)}`);
}

/**
 * Makes it, open to the server's account alone.
 *
 * @throws EmbeddedPostgresError when somebody else has made it: /tmp is everybody's.
 */
export async function makeSocketDirectory(directory: string, account: ServerAccount | undefined): Promise<void> {
  const uid = account?.uid ?? process.getuid?.();
  try {
    await mkdir(directory, { mode: 0o700 });
    if (account) await chown(directory, account.uid, account.gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = await lstat(directory);
  // Root's, for a moment: another starter has made it and not yet given it away.
  const owned = found.uid === uid || (account !== undefined && found.uid === 0);
  if (!found.isDirectory() || !owned || (found.mode & 0o077) !== 0) {
    throw new EmbeddedPostgresError(
      `${directory}, the private directory for PostgreSQL's socket, is not a directory of user ${uid ?? '?'} alone (owner ${found.uid}, mode ${(found.mode & 0o777).toString(8)}): remove it and start again`,
    );
  }
  if (account && found.uid === 0) await chown(directory, account.uid, account.gid);
}
