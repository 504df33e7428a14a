/** The contract of locks, kept by both stores alike. */
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LockHeld, LockLost, LocksUnavailable } from '../../src/coordination/locks.js';
import { until } from '../engine/support.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { HolderProcess } from './holder-process.js';
import { elsewhere, useStore } from './stores.js';
import type { StoreKind } from './stores-connect.js';

/** Work that goes on until it is told to stop. */
const untilTold = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

/**
 * A holder that a busy machine lets stand still for five seconds keeps a lock of this life, and hears within two that it lost one.
 * Nothing here waits until such a lock expires to show that it does not: what is renewed has more of its life left than before.
 */
const LIFE_SECONDS = 10;

/** Starting processes takes long on a busy machine, and so do twelve that wait for each other. */
const LONG = { timeout: 180_000 };

/** Declares the tests of the contract for one kind of store: a file for each, so that they run side by side. */
export const locksContract = (kind: StoreKind) =>
  describe(`locks in ${kind}`, () => {
    const store = useStore(kind);

    /** Waits until more of a held lock's life is left than at the look before, by the clock of its store. @throws when it is free */
    const isRenewed = async (name: string): Promise<void> => {
      const { leases } = store.connect();
      let before = Infinity;
      await until(`the lock ${name} is renewed`, async () => {
        // one that gets no answer, as this process stood still for seconds, says nothing
        const answer = await leases.take(name, randomUUID(), elsewhere, 1).catch(() => undefined);
        if (answer === undefined) return false;
        if ('fence' in answer) throw new Error(`the lock ${name} was free`);
        const left = answer.taken.expiresInMs;
        const isMore = left > before;
        before = left; // of each look: who has just been renewed will hardly have more
        return isMore;
      });
    };

    describe('one holder at a time', () => {
      test(
        'twelve holders in three processes count up one file, none gets in the way of another; fences rise',
        LONG,
        async () => {
          const file = join(await temporaryDirectory(), 'count');
          await writeFile(file, '0');
          const holders = await Promise.all([1, 2, 3].map(() => HolderProcess.start(kind, store.url())));
          for (const holder of holders) holder.tell({ count: { file, workers: 4, times: 10 } });
          await Promise.all(holders.map((holder) => holder.says('counted')));
          expect(await readFile(file, 'utf8')).toBe('120');
          const fences = (await readFile(`${file}.fences`, 'utf8')).trim().split('\n').map(Number);
          expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
          expect(fences).toHaveLength(120);
        },
      );

      test('who comes second is told who has it, and gets it when it waits', async () => {
        const [first, second] = [store.locks(), store.locks()];
        const held = await first.take('a');
        const refusal = await second.take('a').catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(LockHeld);
        expect((refusal as Error).message).toMatch(
          new RegExp(`the lock a is held by process ${process.pid} on .+ since 20..-.*; try again`),
        );
        const waiting = second.take('a', { waitSeconds: 30 });
        await held.release();
        expect((await waiting).fence).toBeGreaterThan(held.fence);
      });

      test('a wait ends when the waiting one is told to stop', async () => {
        await store.locks().take('b');
        const stop = new AbortController();
        const waiting = store.locks().take('b', { waitSeconds: 60, signal: stop.signal });
        stop.abort(new Error('enough'));
        await expect(waiting).rejects.toThrow('enough');
      });

      test('other names are other locks, whatever is in them', async () => {
        const names = [
          '',
          ' ',
          'files:/a b',
          'files:/a\nb',
          "files:/it's",
          'files:/"; drop table locks; --',
          'files:/%s\\*?[x]{y}',
          'files:/\0',
          'files:/\u00e9',
          'files:/e\u0301',
          'files:/😀',
          `files:/${'long/'.repeat(4000)}`,
          `files:/${'long/'.repeat(4000)}!`,
          '}',
          '__proto__',
        ];
        const locks = store.locks();
        const held = [];
        for (const name of names) held.push(await locks.take(name));
        for (const name of names) await expect(locks.take(name)).rejects.toThrow(LockHeld);
        for (const lock of held) await lock.release();
        for (const name of names) await (await locks.take(name)).release();
      });

      test('a stranger can neither release nor renew it', async () => {
        const { leases } = store.connect();
        await store.locks().take('c');
        expect(await leases.release('c', randomUUID())).toBe(false);
        expect(await leases.renew('c', randomUUID(), 60_000)).toBe(false);
        await expect(store.locks().take('c')).rejects.toThrow(LockHeld);
      });

      test('a work that fails lets go, and its error is its own', async () => {
        const locks = store.locks();
        await expect(locks.withLock('d', () => Promise.reject(new Error('no space')))).rejects.toThrow('no space');
        expect(await locks.withLock('d', () => Promise.resolve(42))).toBe(42);
      });
    });

    describe('expiry', () => {
      test('is put off as long as the holder lives', async () => {
        const held = await store.locks(LIFE_SECONDS).take('e');
        for (let renewals = 0; renewals < 3; renewals++) await isRenewed('e');
        await expect(store.locks().take('e')).rejects.toThrow(LockHeld);
        held.throwIfLost();
      });

      test('comes when the holder, on another host, was killed: not before, and soon after', LONG, async () => {
        const options = { host: 'another-host', expirySeconds: LIFE_SECONDS };
        const holder = await HolderProcess.start(kind, store.url(), options);
        const locks = store.locks();
        holder.tell({ hold: 'f' });
        const { fence } = await holder.says('holds');
        await holder.signal('SIGKILL');
        await expect(locks.take('f')).rejects.toThrow('on another-host');
        expect((await locks.take('f', { waitSeconds: 30 })).fence).toBeGreaterThan(fence);
      });

      test('need not be waited for when the holder was killed on this host', LONG, async () => {
        const holder = await HolderProcess.start(kind, store.url(), { expirySeconds: 3600 });
        holder.tell({ hold: 'g' });
        const { fence } = await holder.says('holds');
        await expect(store.locks().take('g')).rejects.toThrow(LockHeld); // it lives
        await holder.signal('SIGKILL');
        expect((await store.locks().take('g')).fence).toBeGreaterThan(fence);
      });

      test('of a lock that is long gone is no release', async () => {
        const { leases } = store.connect();
        const token = randomUUID();
        await leases.take('h', token, elsewhere, 1);
        await until('it has expired', async () => !(await leases.renew('h', token, 1)));
        expect(await leases.release('h', token)).toBe(false);
      });
    });

    describe('fences', () => {
      test('rise from holder to holder, also after everything was wiped', async () => {
        const locks = store.locks();
        const fences = [];
        for (let i = 0; i < 10; i++) {
          const lock = await locks.take('i');
          fences.push(lock.fence);
          await lock.release();
          if (i === 5) await store.wipe();
        }
        expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
        expect(fences.every(Number.isSafeInteger)).toBe(true);
      });
    });

    describe('a lost lock is noticed by its holder', () => {
      test('when it was wiped: the work is told, and what it says does not count', async () => {
        let told: unknown;
        let began!: () => void;
        const held = new Promise<void>((resolve) => (began = resolve));
        const working = store.locks(LIFE_SECONDS).withLock('j', async (signal) => {
          began();
          await untilTold(signal).catch((reason: unknown) => (told = reason));
          return 'done';
        });
        working.catch(() => undefined);
        await held;
        await store.wipe();
        await expect(working).rejects.toThrow(LockLost);
        expect(told).toBeInstanceOf(LockLost);
        expect((told as Error).message).toMatch(/the lock j was lost: .* does not know it any more/);
      });

      test('when another has it now, whom the loser leaves in peace', async () => {
        const { leases } = store.connect();
        const loser = await store.locks(LIFE_SECONDS).take('k');
        await store.wipe();
        const token = randomUUID();
        expect(await leases.take('k', token, elsewhere, 60_000)).toMatchObject({ fence: expect.any(Number) as number });
        await until('it is told', () => loser.signal.aborted);
        await loser.release();
        expect(await leases.renew('k', token, 60_000)).toBe(true);
      });

      test.each(['cut', 'stall'] as const)('when the store is out of reach for most of its life (%s)', async (how) => {
        const { proxy, url } = await store.through();
        const lock = await store.locks(2, url).take(`l ${how}`);
        await proxy[how]();
        await until('it is told', () => lock.signal.aborted);
        expect((lock.signal.reason as Error).message).toMatch(
          /the lock l .* was lost: .* was out of reach for \d+ s of its 2 s/,
        );
        expect(() => lock.throwIfLost()).toThrow(LockLost);
        await expect(store.locks().take(`l ${how}`, { waitSeconds: 20 })).resolves.toBeDefined(); // and free soon after
        await proxy.heal();
      });

      test('when its process was stopped for longer than it lives', LONG, async () => {
        const holder = await HolderProcess.start(kind, store.url(), { host: 'another-host', expirySeconds: 2 });
        holder.tell({ hold: 'm' });
        await holder.says('holds');
        await holder.signal('SIGSTOP');
        await store.locks().take('m', { waitSeconds: 30 });
        await holder.signal('SIGCONT');
        expect((await holder.says('lost')).reason).toMatch('the lock m was lost');
      });

      test('but not for a short break: it is renewed when the store is back', async () => {
        const { proxy, url } = await store.through();
        const lock = await store.locks(2 * LIFE_SECONDS, url).take('n');
        await proxy.cut();
        await proxy.heal();
        await isRenewed('n');
        await expect(store.locks().take('n')).rejects.toThrow(LockHeld);
        lock.throwIfLost();
      });
    });

    describe('every call ends', () => {
      test('taking: within seconds, with the reason; and what was granted unheard is given back', async () => {
        const { proxy, url } = await store.through();
        const locks = store.locks(2, url);
        await (await locks.take('o')).release();
        proxy.stall();
        await expect(locks.take('o')).rejects.toThrow(LocksUnavailable);
        await proxy.heal();
        await until('it can be taken again', () =>
          locks.take('o').then(
            (lock) => lock.release().then(() => true),
            () => false,
          ),
        );
      });

      test('releasing: at once when the store does not answer, and made up for when it does', async () => {
        const { proxy, url } = await store.through();
        const lock = await store.locks(24, url).take('p');
        await proxy.cut();
        await lock.release();
        await proxy.heal();
        // before it would expire
        await store.locks().take('p', { waitSeconds: 16 });
      });
    });
  });
