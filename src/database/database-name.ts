import pg from 'pg';

/** A database's name for messages, e.g. "pressmark on /var/run/postgresql": never the URL, which may hold a password. */
export function databaseName(connectionString: string): string {
  const { database, host } = new pg.Client({ connectionString }); // which reads URLs as a connection does, and opens none
  return `${database ?? '(unnamed)'}${host ? ` on ${host}` : ''}`;
}
