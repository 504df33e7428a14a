import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { onTestFinished, vi } from 'vitest';
import { stopEmbeddedPostgres } from '../../../src/database/embedded.js';
import { socketDirectoryOf } from '../../../src/database/embedded/socket-directory.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

export const isRoot = process.getuid?.() === 0;

/** An empty directory for an embedded PostgreSQL, which is stopped and removed after the test. */
export async function embeddedDirectory(): Promise<string> {
  const directory = await temporaryDirectory();
  onTestFinished(async () => {
    await stopEmbeddedPostgres({ directory }).catch(() => undefined); // some tests leave no database there
    const socketDirectory = await socketDirectoryOf(join(directory, 'postgres')).catch(() => undefined);
    if (socketDirectory) await rm(socketDirectory, { recursive: true, force: true }); // a start that failed leaves it
  });
  return directory;
}

/** A directory on PATH with programs that say what a test wants them to say. */
export async function programsOnPath(programs: Record<string, string>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(directory, name), 0o755);
  }
  vi.stubEnv('PATH', `${directory}:/usr/bin:/bin`);
  onTestFinished(() => void vi.unstubAllEnvs());
  return directory;
}

/** Rows of one query over a connection of its own. */
export async function ask<Row extends object>(connectionString: string, query: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Row>(query)).rows;
  } finally {
    await client.end();
  }
}

/** The server's process id: the same as long as it is the same server. */
export async function postmasterPid(connectionString: string): Promise<number> {
  const [row] = await ask<{ pid: string }>(
    connectionString,
    `select split_part(pg_read_file('postmaster.pid'), e'\\n', 1) as pid`,
  );
  return Number(row?.pid);
}

export interface Started {
  connectionString?: string;
  dataDirectory?: string;
  notices?: string[];
  error?: string;
}

/** Starts (or joins) the server from a program of its own, as another user when told. */
export function startInProgram(
  directory: string,
  user: { uid?: number; gid?: number } = {},
): { kill: () => void; ended: Promise<Started> } {
  const script = fileURLToPath(new URL('./start.ts', import.meta.url));
  const tsx = import.meta.resolve('tsx');
  const child = spawn(process.execPath, ['--import', tsx, script, directory], {
    ...user,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = Promise.all([text(child.stdout), once(child, 'exit')]).then(
    ([output]) => (output ? JSON.parse(output) : {}) as Started,
  );
  return { kill: () => void child.kill('SIGKILL'), ended };
}
