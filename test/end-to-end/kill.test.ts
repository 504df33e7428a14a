import { cp, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { daemonEnd, filesOf, makeWorld, reviewPages, rowsOf, type World } from './daemon.js';

const DATA = resolve('../shared/data/newspapers');
/** Moments per run; a long run sets KILLS=20 or more. */
const KILLS = Number(process.env['KILLS'] ?? 8);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const worlds: World[] = [];
afterAll(async () => {
  for (const world of worlds) {
    await world.own.drop();
    await rm(world.root, { recursive: true, force: true });
  }
});

async function worldOfRealIssues(): Promise<World> {
  const world = await makeWorld(await mkdtemp(join(tmpdir(), 'pressmark-kill-')));
  worlds.push(world);
  await cp(join(DATA, 'born-digital'), world.pdfUploads, { recursive: true });
  await cp(join(DATA, 'scans/mwa/sn93059126/1856-05-10'), join(world.scanUploads, 'tst/sn93059126/1856-05-10_02'), {
    recursive: true,
  });
  await world.run('orgs', 'add', 'tst', 'Test Library');
  await world.run('titles', 'add', '--marc', join(DATA, 'marc'));
  await world.run('bulk-queue', '--type', 'borndigital', '--key', 'sn93059126');
  await world.run('bulk-queue', '--type', 'scan', '--key', 'sn93059126');
  return world;
}

async function undisturbed(world: World): Promise<void> {
  await daemonEnd(world.startDaemon());
  await reviewPages(world);
  await daemonEnd(world.startDaemon());
}

/** Kills the daemon at random moments; a person answers when a job's runner has died too often. */
async function disturbed(world: World, random: () => number): Promise<number> {
  let kills = 0;
  for (const part of ['take in', 'derivatives']) {
    const atMost = part === 'take in' ? Math.floor(KILLS / 3) : KILLS;
    for (let done = false; !done;) {
      const daemon = world.startDaemon();
      const end = daemonEnd(daemon).then(
        () => true,
        (error: unknown) => {
          if (daemon.signalCode === 'SIGKILL') return false;
          throw error;
        },
      );
      if (kills < atMost) {
        const moment = sleep(300 + random() * (part === 'take in' ? 1500 : 4000));
        await Promise.race([end, moment]);
        if (daemon.exitCode === null && daemon.kill('SIGKILL')) kills++;
      }
      done = await end;
      for (const id of await killedTooOften(world)) {
        await world.run('holding-pen', 'decide', String(id), 'retry', '--comment', 'it was the test that killed it');
        done = false;
      }
    }
    if (part === 'take in') await reviewPages(world);
  }
  return kills;
}

async function killedTooOften(world: World): Promise<number[]> {
  const { rows } = await world.own.database.pool.query<{ id: number }>(
    `select id from pipelines where status = 'held' and hold_action = 'runner_died'`,
  );
  return rows.map((row) => row.id);
}

/** mulberry32: enough to replay a seed. */
function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe.skipIf(!existsSync(DATA))('kill -9 of the daemon', () => {
  test(
    `at ${KILLS} random moments of a run of real issues (SEED=${SEED}) ends in the same files and rows as an undisturbed run`,
    { timeout: 900_000 },
    async () => {
      const [calm, stormy] = [await worldOfRealIssues(), await worldOfRealIssues()];
      await undisturbed(calm);
      const kills = await disturbed(stormy, randomOf(SEED));
      expect(kills).toBe(KILLS);
      expect(await filesOf(stormy)).toEqual(await filesOf(calm));
      expect(await rowsOf(stormy)).toEqual(await rowsOf(calm));
    },
  );
});
