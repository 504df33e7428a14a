import type { PoolClient } from 'pg';

/**
 * Closes a connection that is of no use any more, as the pool does by itself only for its own queries, not for those of transactions.
 * One whose query was not answered within its client-side timeout: pg only stops waiting; it would go back to the pool still busy (or
 * dead, after a network fault) and every later query on it would wait for its own timeout in turn. And one to a server that takes no
 * writes (25006): after a failover the primary of yesterday is a replica, and a new connection leads to that of today.
 */
export function closeWhenUseless(client: PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown; // pg's eleven overloads, passed through as they are
  const watched = (...args: unknown[]): unknown => {
    const answer = query(...args);
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        const { code, message } = error as { code?: string; message?: string };
        if (message === 'Query read timeout' || code === '25006') endNow(client);
      });
    }
    return answer;
  };
  client.query = watched as PoolClient['query'];
}

/** pg's own `end` drops the socket at once while a query is under way; the pool then removes the client at its release. */
function endNow(client: PoolClient): void {
  (client as unknown as { end: () => Promise<void> }).end().catch(() => undefined); // pg hides `end` of a pooled client from its types; a failed farewell changes nothing
}
