/**
 * A host whose clock is wrong: loaded before anything else, it moves `Date` by the milliseconds that the file `clock` in
 * CHAOS_CONTROL tells. Not faketime: that is a C library that must be installed, and it moves the monotonic clock, too, which
 * no clock of the day does. Files have the time of the file server, as on shared storage.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import process from 'node:process';

const LOOK_EVERY_MS = 100;
const file = `${process.env.CHAOS_CONTROL ?? ''}/clock`;
const RealDate = Date;
let offset = 0;
let looked = -Infinity;

function offsetNow() {
  if (performance.now() - looked < LOOK_EVERY_MS) return offset;
  looked = performance.now();
  try {
    offset = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    offset = 0; // no such file: the clock is right
  }
  return offset;
}

class WrongDate extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + offsetNow());
    else super(...given);
  }
  static now() {
    return RealDate.now() + offsetNow();
  }
}

/** `Date()` without `new` is text of now; `instanceof Date` holds for what was made before, or elsewhere. */
globalThis.Date = new Proxy(WrongDate, {
  apply: () => new WrongDate().toString(),
  get: (target, key) => (key === Symbol.hasInstance ? (thing) => thing instanceof RealDate : Reflect.get(target, key)),
});
RealDate.prototype.constructor = globalThis.Date;
