/** What a runner tries again, and what is a failure of the job. */
import { lookup } from 'node:dns/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { isConnectionTrouble } from '../../src/engine/runner/connection-trouble.js';

const sqlState = (code: string) => Object.assign(new pg.DatabaseError('refused', 0, 'error'), { code });
const ofSystem = (code: string, syscall: string) => Object.assign(new Error(`${syscall} ${code}`), { code, syscall });

test.each<[string, unknown]>([
  ['the server shuts down', sqlState('57P01')],
  ['the server starts', sqlState('57P03')],
  ['the connection broke', sqlState('08006')],
  ['too many connections', sqlState('53300')],
  ['a disk error of the server', sqlState('58030')],
  ['a deadlock', sqlState('40P01')],
  ['the server takes no writes any more', sqlState('25006')],
  ['the transaction idled for too long', sqlState('25P03')],
  ['another session holds the lock', sqlState('55P03')],
  ['nobody listens', ofSystem('ECONNREFUSED', 'connect')],
  ['the socket is not there', ofSystem('ENOENT', 'connect')],
  ['the connection was reset', ofSystem('ECONNRESET', 'read')],
  ['the name is not known', ofSystem('ENOTFOUND', 'getaddrinfo')],
  ['the name server does not answer', ofSystem('EAI_AGAIN', 'getaddrinfo')],
  ['no answer in time', new Error('Query read timeout')],
  ['the connection ended', new Error('Connection terminated unexpectedly')],
  ['it had been closed', new Error('Client was closed and is not queryable')],
])('tried again: %s', (_what, error) => {
  expect(isConnectionTrouble(error)).toBe(true);
});

test('tried again: a name that nobody knows, as the system says it', async () => {
  const error: unknown = await lookup('x'.repeat(64)) // too long to be asked for anywhere
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ENOTFOUND', syscall: 'getaddrinfo' });
  expect(isConnectionTrouble(error)).toBe(true);
});

test.each<[string, unknown]>([
  ['a value that breaks a constraint', sqlState('23505')],
  ['a value that is none', sqlState('22P02')],
  ['a table that is not there', sqlState('42P01')],
  ['a transaction that has failed', sqlState('25P02')],
  ['an object that is not in the needed state', sqlState('55000')],
  ['a file that is not there', ofSystem('ENOENT', 'open')],
  ['a mistake of the program', new TypeError('connection is undefined')],
  ['what is no error', 'connection lost'],
])('a failure: %s', (_what, error) => {
  expect(isConnectionTrouble(error)).toBe(false);
});
