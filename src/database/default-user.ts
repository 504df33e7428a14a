/**
 * Imported for what it does. Who logs in when a URL names nobody: the user of the operating system, as with libpq. `pg` alone
 * knows $USER only, which cron and containers do not set.
 */
import { userInfo } from 'node:os';
import pg from 'pg';

pg.defaults.user ||= loginName(); // $USER may be empty, too

function loginName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // a container's user without an entry in /etc/passwd; PostgreSQL then says that no user is named
  }
}
