/**
 * kill -9 for file operations: after a number of calls into node:fs/promises nothing happens any more, also no clean-up.
 * Use: `vi.mock('node:fs/promises', async (original) => (await import('./killed.js')).killable(await original()))`.
 */
import type * as fs from 'node:fs/promises';

class Killed extends Error {
  override name = 'Killed';
}

let callsLeft = Infinity;
let isDead = false;
const hasDied = () => isDead;

/** Lets so many calls through, then the process counts as killed. */
export function killAfter(calls: number): void {
  callsLeft = calls;
  isDead = false;
}

/** Whether the kill came; either way the next run starts afresh, and is not killed. */
export function restart(): boolean {
  const wasDead = isDead;
  callsLeft = Infinity;
  isDead = false;
  return wasDead;
}

/** The kernel closes the files of a killed process. */
async function close(handle: fs.FileHandle): Promise<void> {
  await handle.close();
  await call(() => undefined)();
}

type Call = (...args: unknown[]) => unknown;

function call(original: Call): Call {
  return async (...args) => {
    if (callsLeft-- <= 0) isDead = true;
    if (isDead) throw new Killed();
    const result = await original(...args);
    if (hasDied()) {
      if (isHandle(result)) await result.close();
      throw new Killed(); // it took effect, but nobody lives to see it
    }
    return withKillableMethods(result);
  };
}

function isHandle(result: unknown): result is fs.FileHandle {
  return result !== null && typeof result === 'object' && 'datasync' in result;
}

function withKillableMethods(result: unknown): unknown {
  if (!isHandle(result)) return result;
  return new Proxy(result, {
    get(handle, name) {
      if (name === 'sync') return call(() => undefined); // kill -9 loses nothing that was written; syncing is slow
      if (name === 'close') return () => close(handle);
      const member: unknown = Reflect.get(handle, name);
      return typeof member === 'function' ? call(member.bind(handle) as Call) : member;
    },
  });
}

/** The same for work in threads: it is killed before it, or when it has taken effect. */
export function killableThreads(original: unknown): Record<string, unknown> {
  const module = original as { inThread: Call }; // src/files/threads.ts
  return { ...module, inThread: call(module.inThread) };
}

export function killable(original: typeof fs): typeof fs {
  const wrapped = Object.fromEntries(
    Object.entries(original).map(([name, member]) => [
      name,
      typeof member === 'function' ? call(member as Call) : member,
    ]),
  );
  return { ...wrapped, default: wrapped } as unknown as typeof fs;
}
