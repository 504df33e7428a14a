/** Chance that repeats itself: every sample is a function of its seed, so that tests and benches compare like with like. */

/** A seeded source of chance; `fork` gives an independent one, so that a change in one part leaves the others as they were. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number, both limits included. */
  int(low: number, high: number): number;
  /** A number in [low, high). */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  shuffle<T>(items: readonly T[]): T[];
  fork(name: string | number): Random;
}

/**
 * @example
 * const random = seededRandom('front page');
 * random.int(1, 6); // the same number in every run
 */
export function seededRandom(seed: string | number): Random {
  const text = String(seed);
  let state = hash(text);

  // mulberry32: 32 bits of state, fast, more than good enough for pictures and prose
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };

  const random: Random = {
    next,
    int: (low, high) => low + Math.floor(next() * (high - low + 1)),
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    pick: <T>(choices: readonly T[]): T => {
      if (choices.length === 0) throw new Error('random.pick() of an empty list');
      return choices[Math.floor(next() * choices.length)] as T; // the index is inside the list
    },
    shuffle: <T>(items: readonly T[]): T[] => {
      const keyed = items.map((item) => ({ item, key: next() }));
      return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
    },
    fork: (name) => seededRandom(`${text}/${name}`),
  };
  return random;
}

/** FNV-1a over the UTF-16 units: any text becomes 32 bits of state. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value | 0;
}
