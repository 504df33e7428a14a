/** Locks in PostgreSQL: the contract, and that they belong to no connection, so that any pooler may stand between. */
import { expect, test } from 'vitest';
import { LockHeld } from '../../src/coordination/locks.js';
import { until } from '../engine/support.js';
import { locksContract } from './locks-contract.js';
import { useStore } from './stores.js';

locksContract('PostgreSQL');

const store = useStore('PostgreSQL');

test('a lock in PostgreSQL outlives every connection of its holder, as behind a pooler that changes them', async () => {
  const lock = await store.locks(12).take('a');
  const { pool } = store.database().database;
  // those of this database: another test file has connections of that name, too
  const cutAll = () =>
    pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lock test' and datname = current_database()`,
    );
  const isRenewedSince = async (expiry: unknown) =>
    (await pool.query(`select from locks where name = 'a' and expires_at > $1`, [expiry])).rowCount === 1;
  for (let cuts = 0; cuts < 3; cuts++) {
    await cutAll();
    const { rows } = await pool.query<{ expiry: string }>(
      `select expires_at::text as expiry from locks where name = 'a'`,
    );
    await until('it is renewed', () => isRenewedSince(rows[0]?.expiry));
  }
  await expect(store.locks().take('a')).rejects.toThrow(LockHeld);
  lock.throwIfLost();
  await lock.release();
  await (await store.locks().take('a')).release();
});

test('a path that is longer than an index entry may be is kept whole, for people to read', async () => {
  const name = `files:/${'long/'.repeat(2000)}`;
  const lock = await store.locks().take(name);
  const { rows } = await store.database().database.pool.query('select name, holder from locks where name = $1', [name]);
  expect(rows).toMatchObject([{ holder: { pid: process.pid } }]);
  await lock.release();
});
