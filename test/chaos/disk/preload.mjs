/**
 * Loaded into a daemon before all else (`node --import`, by NODE_OPTIONS so that its threads have it, too): calls of
 * node:fs fail or take long while the file `disk` in the directory CHAOS_CONTROL says so (test/chaos/disk/preload.ts).
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers';
import { setTimeout as later } from 'node:timers/promises';
import { fileURLToPath, URL } from 'node:url';

const { readFileSync, appendFileSync, readlinkSync } = fs;
const control = process.env.CHAOS_CONTROL ?? '';
const LOOK_AGAIN_MS = 20;

const READING = ['access', 'lstat', 'open', 'opendir', 'read', 'readFile', 'readdir', 'readlink', 'readv', 'realpath', 'stat', 'statfs']; // prettier-ignore
/** They need room on the disk; `open` where it may make a file. */
const FILLING = ['appendFile', 'copyFile', 'cp', 'fdatasync', 'fsync', 'datasync', 'link', 'mkdir', 'mkdtemp', 'open', 'symlink', 'sync', 'write', 'writeFile', 'writev']; // prettier-ignore
const CHANGING = [...FILLING, 'chmod', 'rename', 'rm', 'rmdir', 'truncate', 'unlink', 'utimes'];
const NAMES = [...new Set([...READING, ...CHANGING])];
const TWO_PATHS = ['copyFile', 'cp', 'link', 'rename'];

const ERRORS = {
  EIO: { errno: -5, text: 'i/o error' },
  ENOSPC: { errno: -28, text: 'no space left on device' },
};

let bad;
let said;
let lookedAt = -Infinity;
let state = 1;

/** What is bad now; looked up at most fifty times a second. */
function badNow() {
  const now = Number(process.hrtime.bigint() / 1_000_000n); // the clock may be spoilt, too
  if (now - lookedAt < LOOK_AGAIN_MS) return bad;
  lookedAt = now;
  let text;
  try {
    text = readFileSync(join(control, 'disk'), 'utf8');
  } catch {
    text = undefined;
  }
  if (text !== said) {
    said = text;
    bad = text === undefined ? undefined : JSON.parse(text);
    state = (bad?.seed ?? 1) >>> 0;
  }
  return bad;
}

/** A draw of mulberry32. */
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

/** The path that a call is about: its argument, or what its descriptor is open on. */
function pathOf(what) {
  if (typeof what === 'number') {
    try {
      return readlinkSync(`/proc/self/fd/${what}`);
    } catch {
      return '';
    }
  }
  if (what instanceof URL) return fileURLToPath(what);
  return what === undefined || what === null ? '' : resolve(String(what));
}

/** What shall happen to this call; undefined: nothing. */
function fate(name, whats, flags) {
  const now = badNow();
  if (!now || (now.kind === 'ENOSPC' && !needsRoom(name, flags))) return undefined;
  const path = whats.map(pathOf).find((one) => now.below.some((directory) => one === directory || one.startsWith(`${directory}/`))); // prettier-ignore
  if (path === undefined || random() >= now.share) return undefined;
  appendFileSync(join(control, 'disk-struck'), `${now.kind} ${name} ${path}\n`);
  if (now.kind === 'slow') return { slowMs: now.slowMs ?? 100 };
  const { errno, text } = ERRORS[now.kind];
  const error = Object.assign(new Error(`${now.kind}: ${text}, ${name} '${path}'`), { code: now.kind, errno, syscall: name, path }); // prettier-ignore
  const isHalf = now.kind === 'ENOSPC' && (name === 'write' || name === 'writeFile');
  const isDone = now.kind === 'EIO' && CHANGING.includes(name) && name !== 'open' && random() < 1 / 3;
  return { error, isHalf, isDone };
}

function needsRoom(name, flags) {
  if (name !== 'open') return FILLING.includes(name);
  return typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : /^[wa]/.test(flags ?? 'r');
}

const subjects = (name, args) => (TWO_PATHS.includes(name) ? args.slice(0, 2) : args.slice(0, 1));

/** The arguments of a write, cut to its first half. */
function halved(name, args) {
  const [first, data, ...rest] = args;
  if (typeof data === 'string') return [first, data.slice(0, data.length >> 1), ...rest];
  if (!ArrayBuffer.isView(data)) return args;
  if (name === 'writeFile') return [first, data.subarray(0, data.length >> 1), ...rest];
  const [offset, length] = rest;
  if (typeof offset !== 'number' || typeof length !== 'number') return args;
  return [first, data, offset, length >> 1, ...rest.slice(2)];
}

/** Suffers the fate of a call that gives a promise. */
async function suffer(name, args, call, doomed) {
  if (doomed.slowMs !== undefined) {
    await later(doomed.slowMs);
    return call(...args);
  }
  if (doomed.isDone) await call(...args);
  if (doomed.isHalf) await call(...halved(name, args));
  throw doomed.error;
}

function patchPromises(holder, name) {
  const original = holder[name];
  if (typeof original !== 'function') return;
  holder[name] = function (...args) {
    const call = (...all) => original.apply(this, all);
    const doomed = fate(name, subjects(name, args), args[1]);
    return doomed ? suffer(name, args, call, doomed) : call(...args);
  };
}

/** As methods of a file that is open: what they are about is `this`. */
function patchMethod(prototype, name) {
  const original = prototype[name];
  if (typeof original !== 'function') return;
  prototype[name] = function (...args) {
    const doomed = fate(name, [this.fd]);
    if (!doomed) return original.apply(this, args);
    const call = (_, ...all) => original.apply(this, all);
    return suffer(name, [undefined, ...args], call, doomed);
  };
}

function patchCallback(name) {
  const original = fs[name];
  if (typeof original !== 'function') return;
  const patched = function (...args) {
    const doomed = typeof args.at(-1) === 'function' ? fate(name, subjects(name, args), args[1]) : undefined;
    if (!doomed) return original.apply(this, args);
    if (doomed.slowMs !== undefined) return void setTimeout(() => original.apply(this, args), doomed.slowMs);
    const done = args.at(-1);
    if (doomed.isDone) return original.apply(this, [...args.slice(0, -1), (error) => done(error ?? doomed.error)]);
    process.nextTick(done, doomed.error);
  };
  fs[name] = Object.assign(patched, original); // realpath.native and its kin
}

function patchSync(name) {
  const original = fs[`${name}Sync`];
  if (typeof original !== 'function') return;
  const patched = function (...args) {
    const doomed = fate(name, subjects(name, args), args[1]);
    if (!doomed) return original.apply(this, args);
    if (doomed.slowMs !== undefined) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, doomed.slowMs);
      return original.apply(this, args);
    }
    if (doomed.isDone) original.apply(this, args);
    if (doomed.isHalf) original.apply(this, halved(name, args));
    throw doomed.error;
  };
  fs[`${name}Sync`] = Object.assign(patched, original);
}

if (control !== '') {
  const handle = await fs.promises.open('/dev/null');
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  for (const name of NAMES) {
    patchPromises(fs.promises, name);
    patchMethod(prototype, name);
    patchCallback(name);
    patchSync(name);
  }
  syncBuiltinESMExports();
}
