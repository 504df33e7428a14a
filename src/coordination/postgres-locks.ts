import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { LockHolder } from './locks.js';
import type { LockStore, Taken } from './lock-store.js';
import { quickQuery } from './postgres-query.js';

/** The sequence is never set back, not even by a crash: fences rise over all names. Only a restored backup begins anew. */
const TAKE = `
  with attempt as (
    insert into locks as l (key, name, token, holder, fence, expires_at)
    values ($1, $2, $3, $4, nextval('lock_fences'), clock_timestamp() + $5 * interval '1 millisecond')
    on conflict (key) do update set token = excluded.token, holder = excluded.holder, fence = excluded.fence,
      taken_at = clock_timestamp(), expires_at = clock_timestamp() + $5 * interval '1 millisecond'
    where l.expires_at <= clock_timestamp()
    returning fence
  )
  select fence, null::uuid as token, null::jsonb as holder, null::float8 as expires_in_ms from attempt
  union all
  -- as of the statement's start: a lock that was taken since then is not seen here, but was not taken by us either
  select null, token, holder, extract(epoch from expires_at - clock_timestamp())::float8 * 1000
  from locks where key = $1 and not exists (select from attempt)`;

interface TakeRow {
  fence: number | null;
  token: string;
  holder: LockHolder;
  expires_in_ms: number;
}

/** Locks in the table `locks`: without Redis, through any pooler. A row is a held lock; its expiry counts by the database's clock. */
export function postgresLockStore(pool: pg.Pool): LockStore {
  const query = <Row extends pg.QueryResultRow>(text: string, values: unknown[]) => quickQuery<Row>(pool, text, values);
  return {
    name: 'PostgreSQL',

    async take(name, token, holder, expiryMs) {
      for (;;) {
        const { rows } = await query<TakeRow>(TAKE, [
          keyOf(name),
          printed(name),
          token,
          JSON.stringify(holder),
          expiryMs,
        ]);
        const [row] = rows;
        if (row === undefined) continue; // taken by another while the statement ran, who is to be seen by the next
        if (row.fence !== null) return { fence: row.fence };
        const taken: Taken = { token: row.token, holder: row.holder, expiresInMs: row.expires_in_ms };
        return { taken };
      }
    },

    async renew(name, token, expiryMs) {
      const { rowCount } = await query(
        `update locks set expires_at = clock_timestamp() + $3 * interval '1 millisecond'
         where key = $1 and token = $2 and expires_at > clock_timestamp()`,
        [keyOf(name), token, expiryMs],
      );
      return rowCount === 1;
    },

    async release(name, token) {
      const { rows } = await query<{ held: boolean }>(
        'delete from locks where key = $1 and token = $2 returning expires_at > clock_timestamp() as held',
        [keyOf(name), token],
      );
      return rows[0]?.held ?? false;
    },
  };
}

const keyOf = (name: string): Buffer => createHash('sha256').update(name).digest();

/** PostgreSQL stores every character but one. */
const printed = (name: string): string => name.replaceAll('\0', '␀');
