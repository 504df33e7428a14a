/** The programs with a Redis, as their users run them. */
import { expect, onTestFinished, test } from 'vitest';
import { removeFile } from '../../src/files/jobs.js';
import { run } from '../cli/run-program.js';
import { startDaemon } from '../cli/started-program.js';
import { plan } from '../engine/stage.js';
import { enqueuedOne, makeDelayedDue, until, untilStatus, useDatabase } from '../engine/support.js';
import { startRedis } from '../support/redis.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const own = useDatabase();
const removal = async () => plan([removeFile({ location: `${await temporaryDirectory()}/a file` })]);

test('a daemon says at its start where locks and progress are kept', async () => {
  const daemon = await startDaemon({ DATABASE_URL: own.url });
  expect(daemon.lines().map((line) => line['msg'])).toContain('locks and progress are kept in PostgreSQL');
});

test('a daemon whose Redis is down says so once and does what needs no lock; with Redis back it does the rest; no password is printed', async () => {
  const redis = await startRedis({ password: 's3cret' });
  onTestFinished(() => redis.drop());
  await redis.stop();
  const env = { DATABASE_URL: own.url, REDIS_URL: redis.url };
  const daemon = await startDaemon(env);
  const id = await enqueuedOne(own, await removal());
  expect((await untilStatus(own, id, 'delayed')).error?.message).toMatch(
    /^Redis at 127\.0\.0\.1:\d+\/0 cannot be used/,
  );

  // as long as the status is asked for; a program takes seconds on a busy machine, and then it might be tried just now
  const putOff = `update pipelines set run_at = now() + interval '1 hour' where id = $1 and status = 'delayed'`;
  await until('it is put off', async () => (await own.database.pool.query(putOff, [id])).rowCount === 1);
  const status = await run('run-jobs', ['status'], env);
  expect(status.exitCode).toBe(0);
  expect(status.stdout).toMatch(/again in .*Redis at 127\.0\.0\.1/);

  await redis.start();
  await until('it is done', async () => {
    await makeDelayedDue(own);
    return (await own.database.pool.query(`select from pipelines where status = 'success'`)).rowCount === 1;
  });
  const json = JSON.parse((await run('run-jobs', ['status', '--json'], env)).stdout) as { progress: unknown };
  expect(json.progress).toEqual({ store: `Redis at 127.0.0.1:${redis.port}/0`, trouble: null });
  const said = daemon.lines().filter((line) => String(line['msg']).includes('Redis'));
  expect(said.map((line) => [line['level'], line['msg']])).toEqual([
    [30, `locks and progress are kept in Redis at 127.0.0.1:${redis.port}/0`],
    [40, expect.stringMatching(/cannot be used: connect ECONNREFUSED .* are tried later, all others go on$/)],
    [30, 'Redis is back: jobs that need a lock go on'],
  ]);
  expect(daemon.stderr() + daemon.stdout() + status.stdout + status.stderr).not.toContain('s3cret');
  daemon.child.kill('SIGTERM');
  expect(await daemon.ended).toEqual({ code: 0, signal: null });
});

test('REDIS_CA that cannot be read ends the program with a word, not with a stack', async () => {
  const ran = await run('run-jobs', ['status'], {
    DATABASE_URL: own.url,
    REDIS_URL: 'rediss://:s3cret@localhost',
    REDIS_CA: '/nowhere/ca.pem',
  });
  expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
  expect(ran.stderr).toMatch(
    /^REDIS_CA names a file that cannot be read: ENOENT.*; let it be a PEM file that this user may read\n$/,
  );
});
