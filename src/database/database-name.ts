import pg from 'pg';

/** A database's name for messages, e.g. "pressmark on /var/run/postgresql": never the URL, which may hold a password. */
export const databaseName = ({ database, host }: pg.Client): string =>
  `${database ?? '(unnamed)'}${host ? ` on ${host}` : ''}`;

/** The same of a URL, read as a connection reads it; none is opened. */
export const databaseNameOf = (connectionString: string): string => databaseName(new pg.Client({ connectionString }));
