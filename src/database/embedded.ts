/**
 * A PostgreSQL that needs no set-up: started (or joined) in a private data directory, reached over a private unix
 * socket, no TCP port. It goes on running when the program that started it ends, so that the next one joins it;
 * `stopEmbeddedPostgres` ends it, and it ends by itself within a minute once its directory is removed.
 */
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { serverAccount } from './embedded/account.js';
import { findBinaries, type Origin } from './embedded/binaries.js';
import { findDataDirectory, makeDataDirectory, REACHABLE } from './embedded/data-directory.js';
import { EmbeddedPostgresError } from './embedded/error.js';
import { bringUp, shutDown, type Server } from './embedded/server.js';

export { EmbeddedPostgresError } from './embedded/error.js';

export interface EmbeddedPostgresOptions {
  /** The data directory is `postgres` below it; usually `./var`. Made when missing. */
  directory: string;
  /** `false` only for tests: a power cut may cost the database, and everything is quicker. */
  durable?: boolean;
  /** Only these binaries, instead of the first that fit (for tests). */
  binaries?: Origin;
  /** Told what the user should know, e.g. where the database lies when not below `directory`. */
  notice?: (text: string) => void;
  /** How long a start may take; recovery after a crash is part of it. 180 unless told. */
  timeoutSeconds?: number;
}

export interface EmbeddedPostgres {
  /** Of the database `pressmark`, empty when new. */
  connectionString: string;
  dataDirectory: string;
  /** Ends the server, whoever else uses it. */
  stop: () => Promise<void>;
}

/**
 * Starts the server of a directory, or joins the one that runs. Any number of programs may do so at the same time; a
 * killed program or server leaves nothing that hinders the next start. As root it runs the server as the owner of the
 * data directory, else as `postgres`, else as `nobody`.
 *
 * @throws EmbeddedPostgresError with the remedy when there are no binaries, initdb fails or the server does not come up.
 * @example
 * const { connectionString } = await startEmbeddedPostgres({ directory: './var' });
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await startOrJoin({ ...options, directory: resolve(options.directory) });
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot work in ${options.directory}: ${error.message}. Set VAR_DIRECTORY to a directory you may write to, or DATABASE_URL to a server`,
      { cause: error },
    );
  }
}

async function startOrJoin(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { directory, binaries: origin, durable = true, notice = () => undefined, timeoutSeconds = 180 } = options;
  const found = await findDataDirectory(directory);
  const account = await serverAccount(found.path);
  const findOurs = async (): Promise<string> =>
    (await findBinaries({ account, major: found.major, copyTo: account ? REACHABLE : directory, origin })).directory;
  const dataDirectory =
    found.major === undefined
      ? await makeDataDirectory({ directory, account, binaries: await findOurs(), notice })
      : found.path;
  const server: Server = { dataDirectory, account, durable, binaries: findOurs };
  const connectionString = await bringUp(server, timeoutSeconds);
  return { connectionString, dataDirectory, stop: () => shutDown(dataDirectory) };
}

/** Ends the server of a directory, if one runs: what uses it loses its connections, committed work is safe. */
export async function stopEmbeddedPostgres({ directory }: { directory: string }): Promise<void> {
  const found = await findDataDirectory(resolve(directory));
  if (found.major !== undefined) await shutDown(found.path);
}

/** Ends the server of a directory and deletes its data, wherever that lies. */
export async function removeEmbeddedPostgres({ directory }: { directory: string }): Promise<void> {
  await stopEmbeddedPostgres({ directory });
  const found = await findDataDirectory(resolve(directory));
  await rm(found.path, { recursive: true, force: true });
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
