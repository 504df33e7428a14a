/** Disks of a chaos run are really full, broken and slow, in a daemon's threads and child programs, too; and whole again. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { mayMount } from '../../support/may-mount.js';
import type { ChaosWorld, Struck } from '../fault.js';
import { diskFaults } from './faults.js';
import { mountAreas } from './mount.js';
import { diskPreload, mendDisk, spoilDisk, type BadDisk } from './bad-disk.js';

const run = promisify(execFile);

async function makeWorld() {
  const root = await mkdtemp(join(tmpdir(), 'pressmark-chaos-disk-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [areas, control] = [join(root, 'areas'), join(root, 'control')];
  await Promise.all([mkdir(areas), mkdir(control)]);
  return { root, areas, control };
}

// the kernel or the user forbids it: then only the injected faults are struck
describe.skipIf(!mayMount)('a disk of its own', () => {
  const look = () => Promise.resolve([{}]); // somebody is at work

  async function struckBy(name: string, areas: string): Promise<Struck> {
    const struck = await diskFaults
      .find((fault) => fault.name === name)
      ?.strike({ areas, look } as unknown as ChaosWorld, () => 0.5); // all that these faults look at
    if (!struck) throw new Error('nothing to strike');
    return struck;
  }

  async function mounted(): Promise<string> {
    const { areas } = await makeWorld();
    const mount = await mountAreas(areas, 16);
    onTestFinished(() => mount?.unmount());
    return areas;
  }

  const megabytes = (count: number) => Buffer.alloc(count * 1_000_000, 'x');

  test('disk-full: neither we nor a child program can write; freed, both can, and what was there is there', async () => {
    const areas = await mounted();
    await writeFile(join(areas, 'kept'), megabytes(2));
    const struck = await struckBy('disk-full', areas);
    await expect(writeFile(join(areas, 'new'), megabytes(2))).rejects.toThrow('ENOSPC');
    await expect(run('cp', [join(areas, 'kept'), join(areas, 'copy')])).rejects.toThrow('No space left');
    await struck.heal();
    await writeFile(join(areas, 'new'), megabytes(2));
    await run('cp', [join(areas, 'kept'), join(areas, 'copy')]);
    expect(megabytes(2).equals(await readFile(join(areas, 'kept')))).toBe(true);
  });

  test('disk-no-inodes: files that are there can grow, no other comes', async () => {
    const areas = await mounted();
    const struck = await struckBy('disk-no-inodes', areas);
    const make = async () => {
      for (let n = 0; n < 10; n++) await writeFile(join(areas, String(n)), 'x');
    };
    await expect(make()).rejects.toThrow('ENOSPC');
    await writeFile(join(areas, '0'), megabytes(2));
    await struck.heal();
    await make();
  });

  test('where none is mounted there is nothing to fill', async () => {
    const { areas } = await makeWorld();
    await expect(struckBy('disk-full', areas)).rejects.toThrow('nothing to strike');
  });
});

describe('injected below node:fs', () => {
  test('a fault strikes when a call of a daemon has met it', async () => {
    const { areas, control } = await makeWorld();
    const world = { areas, daemons: [{ host: 'alpha', control }], log: () => undefined } as unknown as ChaosWorld; // all that these faults look at
    const fault = diskFaults.find(({ name }) => name === 'disk-io-error');
    const strike = fault?.strike(world, () => 0);
    await writeFile(join(control, 'disk-struck'), 'EIO open\n'); // as the preload of a daemon does
    expect((await strike)?.what).toBe('alpha: 2 % of the calls fail with EIO');
    await (await strike)?.heal();
    expect(await readdir(control)).toEqual([]);
  });

  /** What a program with the preload says of many calls, each in the main thread or in a thread: their codes, or the milliseconds. */
  async function calls(bad: Partial<BadDisk>, script: string): Promise<Record<string, string>> {
    const { root, areas, control } = await makeWorld();
    await writeFile(join(areas, 'kept'), 'kept'.repeat(1000));
    await spoilDisk(control, { below: [areas], kind: 'EIO', share: 1, seed: 1, ...bad });
    const program = join(root, 'program.mjs');
    await writeFile(program, `${PROLOGUE}\n${script}\nreport();`);
    const { stdout } = await run(process.execPath, [program, areas], {
      env: { ...process.env, NODE_OPTIONS: `--import=${diskPreload}`, CHAOS_CONTROL: control },
    });
    const said = { ...(JSON.parse(stdout) as Record<string, string>), struck: String(await mendDisk(control)) };
    await mendDisk(control);
    const healed = await run(process.execPath, [program, areas], {
      env: { ...process.env, NODE_OPTIONS: `--import=${diskPreload}`, CHAOS_CONTROL: control },
    });
    expect(new Set(Object.values(JSON.parse(healed.stdout) as Record<string, string>))).toEqual(new Set(['ok']));
    return said;
  }

  const PROLOGUE = `
    import { createReadStream, openSync, readSync, writeSync } from 'node:fs';
    import { open, readFile, writeFile, mkdir, rm, readdir } from 'node:fs/promises';
    import { Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    const areas = process.argv[2];
    const said = {};
    const report = () => console.log(JSON.stringify(said));
    const ask = async (name, work) => { said[name] = await Promise.resolve().then(work).then(() => 'ok', (error) => error.code ?? String(error)); };`;

  test('EIO: every way to read fails, in threads, too; elsewhere and afterwards none does', async () => {
    const said = await calls(
      { kind: 'EIO' },
      `await ask('readFile', () => readFile(areas + '/kept'));
       await ask('readdir', () => readdir(areas));
       await ask('stream', async () => { for await (const _ of createReadStream(areas + '/kept')); });
       await ask('sync', () => openSync(areas + '/kept'));
       await ask('thread', async () => {
         const thread = new Worker(new URL('data:text/javascript,import { readFileSync } from "fs"; import { workerData } from "worker_threads"; readFileSync(workerData + "/kept")'), { execArgv: [], workerData: areas });
         await new Promise((resolve, reject) => thread.on('error', reject).on('exit', resolve));
       });
       await ask('elsewhere', () => readFile('/dev/null'));`,
    );
    expect(said).toEqual({
      ...{ readFile: 'EIO', readdir: 'EIO', stream: 'EIO', sync: 'EIO', thread: 'EIO' },
      ...{ elsewhere: 'ok', struck: '5' },
    });
  });

  test('EIO: some of what failed was done all the same', async () => {
    const said = await calls(
      { kind: 'EIO', below: [] },
      `const control = process.env.CHAOS_CONTROL + '/disk';
       const bad = JSON.parse(await readFile(control, 'utf8').catch(() => '{}'));
       if (bad.kind) { await writeFile(control, JSON.stringify({ ...bad, below: [areas] })); await new Promise((go) => setTimeout(go, 50)); }
       const names = Array.from({ length: 60 }, (_, n) => areas + '/made-' + n);
       const errors = (await Promise.all(names.map((name) => mkdir(name).catch((error) => error.code)))).filter(Boolean);
       if (bad.kind) await rm(control);
       await new Promise((go) => setTimeout(go, 50));
       const made = (await readdir(areas)).filter((name) => name.startsWith('made-'));
       said.all = !bad.kind ? 'ok' : errors.length === 60 && made.length > 5 && made.length < 55 ? 'some done' : errors.length + ' ' + made.length;
       await Promise.all(names.map((name) => rm(name, { recursive: true, force: true })));`,
    );
    expect(said['all']).toBe('some done');
  });

  test('ENOSPC: reading goes on; a write leaves its first half', async () => {
    const said = await calls(
      { kind: 'ENOSPC' },
      `await ask('read', () => readFile(areas + '/kept'));
       const file = await open(areas + '/kept', 'r+');
       await ask('write', () => file.write(Buffer.alloc(10000, 'y'), 0, 10000, 0));
       await ask('sync', () => file.sync());
       await file.close();
       said.half = String((await readFile(areas + '/kept', 'utf8')).lastIndexOf('y') + 1).replace('10000', 'ok');
       await ask('mkdir', () => mkdir(areas + '/directory'));
       await rm(areas + '/directory', { force: true, recursive: true });
       await ask('writeSync', () => writeSync(openSync(areas + '/kept', 'r+'), 'z'));`,
    );
    expect(said).toEqual({
      ...{ read: 'ok', write: 'ENOSPC', sync: 'ENOSPC', half: '5000', mkdir: 'ENOSPC', writeSync: 'ENOSPC', struck: '4' }, // prettier-ignore
    });
  });

  test('slow: calls take longer, and their share is the one that was asked for', async () => {
    const said = await calls(
      { kind: 'slow', share: 0.5, slowMs: 30 },
      `const began = performance.now();
       for (let n = 0; n < 40; n++) await readFile(areas + '/kept');
       const isBad = (await readdir(process.env.CHAOS_CONTROL)).includes('disk');
       said.took = isBad ? String(performance.now() - began) : 'ok';`,
    );
    expect(Number(said['struck'])).toBeGreaterThan(8);
    expect(Number(said['struck'])).toBeLessThan(32);
    expect(Number(said['took'])).toBeGreaterThan(Number(said['struck']) * 29);
  });
});
