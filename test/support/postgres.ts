/**
 * One PostgreSQL for a whole test run (vitest's globalSetup): the server of TEST_DATABASE_URL, else a private cluster
 * that ends with the run. In it one migrated database, the template of every test database.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from '../../src/database/embedded.js';
import { migrateDatabase } from '../../src/database/migrate.js';
import { quoteIdentifier, withDatabase } from './connection-string.js';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: TestPostgres;
  }
}

export interface TestPostgres {
  /** Of a database on the server, for CREATE DATABASE and DROP DATABASE. */
  adminUrl: string;
  /** The migrated database that nobody connects to. */
  template: string;
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const server = await findServer();
  try {
    const template = `pressmark_template_${randomUUID().slice(0, 8)}`;
    await onServer(server.adminUrl, `create database ${quoteIdentifier(template)}`);
    await migrateDatabase({ connectionString: withDatabase(server.adminUrl, template), includeCurrent: true });
    project.provide('postgres', { adminUrl: server.adminUrl, template });
    return async () => {
      if (server.shared)
        await onServer(server.adminUrl, `drop database if exists ${quoteIdentifier(template)} with (force)`);
      await server.end();
    };
  } catch (error) {
    await server.end();
    throw error;
  }
}

interface TestServer {
  adminUrl: string;
  shared: boolean;
  end: () => Promise<void>;
}

async function findServer(): Promise<TestServer> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return { adminUrl: given, shared: true, end: () => Promise.resolve() };
  await clearKilledRuns();
  const directory = await mkdtemp(join(tmpdir(), `pressmark-test-${process.pid}-`));
  const end = async (): Promise<void> => {
    await stopEmbeddedPostgres({ directory });
    await rm(directory, { recursive: true, force: true });
  };
  try {
    // Root's cluster runs as another user, who must be able to enter what mkdtemp made for root alone.
    await chmod(directory, 0o755);
    const { connectionString } = await startEmbeddedPostgres({ directory, durable: false });
    return { adminUrl: withDatabase(connectionString, 'postgres'), shared: false, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** A run that was killed could not stop its cluster: the next one does. */
async function clearKilledRuns(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(/^pressmark-test-(\d+)-/.exec(name)?.[1]);
    if (!pid || isAlive(pid)) continue;
    const directory = join(tmpdir(), name);
    await stopEmbeddedPostgres({ directory }).catch(() => undefined); // somebody else's: not ours to end
    await rm(directory, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function onServer(adminUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
