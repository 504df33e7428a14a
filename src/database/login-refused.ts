/** The SQLSTATEs of a login that was refused: no such role, not as this user, a wrong password. */
const REFUSED = new Set(['28000', '28P01']);

/** What helps when PostgreSQL lets nobody in; undefined for every other error. */
export function loginRemedy({ code }: { code?: unknown }): string | undefined {
  if (typeof code !== 'string' || !REFUSED.has(code)) return undefined;
  return 'run this as the service\'s user (e.g. "runuser -u pressmark -- bin/..."), or name the role, and its password if it has one, in DATABASE_URL (postgresql://ROLE@HOST/DATABASE)';
}
