const NETWORK_CODES = /^E(CONN(REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN)$/;

/** Whether an error says "not now" rather than "not this": SQLSTATE classes of connection, resources, operator intervention and deadlock; the driver's and the network's own errors. */
export function isConnectionTrouble(error: unknown): boolean {
  const { code, message, syscall } = error as { code?: unknown; message?: string; syscall?: unknown };
  if (typeof code === 'string')
    return /^(08|53|57|58|40|25006)/.test(code) || NETWORK_CODES.test(code) || syscall === 'connect';
  return error instanceof Error && error.name === 'Error' && /connection|timeout/i.test(message ?? '');
}
