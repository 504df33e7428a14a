/** Chance that can be had again: everything that a round leaves to it comes from its seed. */
import { createHash } from 'node:crypto';
import type { Random } from './fault.js';

/** Numbers from 0 to 1 of a seed (mulberry32). */
export function randomOf(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const between = (random: Random, least: number, most: number): number => least + random() * (most - least);

/** Undefined only when there is nothing to pick from. */
export const pick = <T>(random: Random, things: readonly T[]): T | undefined =>
  things[Math.floor(random() * things.length)];
