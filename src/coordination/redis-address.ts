/** What `REDIS_URL` says, taken apart once. */
import { readFileSync } from 'node:fs';

export interface RedisAddress {
  host: string;
  port: number;
  db: number;
  username: string | undefined;
  /** Never to be printed. */
  password: string | undefined;
  /** Over TLS; `ca`: the certificates to trust instead of the system's. */
  tls: { ca: string | undefined } | undefined;
}

export class CertificateUnreadable extends Error {
  override name = 'CertificateUnreadable';
}

/**
 * Takes the settings apart.
 *
 * @param url checked by the settings' schema: `redis://` or `rediss://`, user, password and database number as need be
 * @param caFile PEM file with the certificate of the authority that signed the server's
 * @throws CertificateUnreadable when the file cannot be read
 */
export function redisAddress(url: string, caFile: string | undefined): RedisAddress {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    db: Number(pathname.replace(/^\//, '')), // none is 0
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    tls: protocol === 'rediss:' ? { ca: caFile === undefined ? undefined : readCertificate(caFile) } : undefined,
  };
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CertificateUnreadable(
      `REDIS_CA names a file that cannot be read: ${(error as Error).message}; let it be a PEM file that this user may read`,
    );
  }
}

/** The address for people and logs: without the password. */
export const printedAddress = ({ host, port, db, tls }: RedisAddress): string =>
  `Redis at ${host.includes(':') ? `[${host}]` : host}:${port}/${db}${tls ? ' over TLS' : ''}`;
