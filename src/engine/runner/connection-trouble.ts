const NETWORK_CODES = /^E(CONN(REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN)$/;

/**
 * Whether an error says "not now" rather than "not this": SQLSTATE classes of connection, resources, operator intervention and deadlock,
 * a server that takes no writes, a transaction that idled for too long, a lock that was not granted; the driver's and the network's
 * own errors, among them a name that cannot be looked up.
 */
export function isConnectionTrouble(error: unknown): boolean {
  const { code, message, syscall } = error as { code?: unknown; message?: string; syscall?: unknown };
  if (typeof code === 'string')
    return (
      /^(08|53|57|58|40|25006|25P03|55P03)/.test(code) ||
      NETWORK_CODES.test(code) ||
      syscall === 'connect' ||
      syscall === 'getaddrinfo'
    );
  return error instanceof Error && error.name === 'Error' && /connection|timeout|not queryable/i.test(message ?? '');
}

/** Whether a statement gave up waiting for what another session has locked: nobody's fault, however long it goes on. */
export const isLockedOut = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === '55P03';
