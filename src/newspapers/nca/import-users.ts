import { sql } from 'kysely';
import { roles } from '../roles.js';
import { Fields } from './fields.js';
import type { ImportWork } from './import-work.js';
import { recordsOf } from './records.js';

/** NCA's own processes act as these two (newspapers spec 1.7). */
const PROCESSES: ReadonlySet<number> = new Set([-1, 0]);

/** What pipelines and events call the program itself. */
const ENGINE = 'engine';

/** Who NCA's numbers are. */
export class Logins {
  constructor(private readonly logins: ReadonlyMap<number, string>) {}

  /** Who did something: also one whose row is gone has a name. */
  actor(id: number): string {
    return PROCESSES.has(id) ? ENGINE : (this.logins.get(id) ?? `nca-user-${id}`);
  }

  /** Who is meant; null for nobody and for NCA itself. */
  person(id: number | null | undefined): string | null {
    return id == null || PROCESSES.has(id) ? null : this.actor(id);
  }
}

const LOGIN = /^[^\s\p{Cc},]{1,100}$/u;

/**
 * Users with their roles, which have the same words here; one who is here already keeps those given here. NCA has no
 * names but logins.
 *
 * @returns who NCA's numbers are
 */
export async function importUsers({ trx, stage, bad, written, notices, signal }: ImportWork): Promise<Logins> {
  const logins = new Map<number, string>();
  const users: { login: string; roles: string[]; deactivated: boolean }[] = [];
  for await (const rows of stage.rows('users', signal))
    for (const row of rows) {
      const fields = new Fields(bad, 'users', row);
      const login = fields.required('login');
      // The rules of the check constraints of users.
      if (login !== undefined && (!LOGIN.test(login) || ['engine', 'me', 'none'].includes(login)))
        fields.refuse('login', 'at most 100 characters, no spaces or commas, none of engine, me, none');
      const names = fields.raw('roles').split(',').map((name) => name.trim()).filter((name) => name !== ''); // prettier-ignore
      const unknown = names.filter((name) => roles.find(name) === undefined);
      if (unknown.length > 0) fields.refuse('roles', `there is no role ${unknown.join(', ')}`);
      const deactivated = fields.flag('deactivated');
      if (login !== undefined && users.some((user) => user.login === login))
        fields.refuse('login', 'another row has this login, too');
      if (!fields.isGood || login === undefined) continue;
      logins.set(fields.id, login);
      users.push({ login, roles: roles.stored(names), deactivated: deactivated === true });
    }
  const { rows: added } = await sql<{ login: string }>`
    insert into users (login, name, roles, deactivated_at)
    select login, login, array(select jsonb_array_elements_text(roles)), case when deactivated then now() end
    from ${recordsOf(users, 'login text, roles jsonb, deactivated boolean')} r order by ordinality
    on conflict do nothing returning login`.execute(trx);
  written.users = added.length;
  if (added.length < users.length)
    notices.push(`${users.length - added.length} users were here already and keep the roles that they have here`);
  await tellOfMissingHighest({ trx, notices });
  return new Logins(logins);
}

/** As soon as one user is active only users may do anything, and some things only the highest role may (newspapers spec 1.9). */
async function tellOfMissingHighest({ trx, notices }: Pick<ImportWork, 'trx' | 'notices'>): Promise<void> {
  const active = await trx.selectFrom('users').select('roles').where('deactivated_at', 'is', null).execute();
  if (active.length === 0 || active.some((user) => roles.isHighest(user.roles))) return;
  const highest = roles.highest ?? '';
  notices.push(
    `no active user is ${highest}, who alone operates pipelines (requeue, cancel); with psql: update users set roles = '{${highest}}' where login = '...'`,
  );
}
