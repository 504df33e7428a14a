import type { Random } from '../random.js';

/** Deals a shuffled pack and shuffles anew only when it is through. */
export class Pack<T> {
  readonly #random: Random;
  readonly #items: readonly T[];
  #left: T[] = [];
  #dealt: T[] = [];

  constructor(random: Random, items: readonly T[]) {
    this.#random = random;
    this.#items = items;
  }

  next(): T {
    if (this.#left.length === 0) this.#left = this.#shuffled();
    const item = this.#left.pop();
    if (item === undefined) throw new Error('a pack of sample texts is empty');
    this.#dealt.push(item);
    return item;
  }

  /** The next item that fits, if one is left in this round or the next. */
  nextWhere(fits: (item: T) => boolean): T | undefined {
    for (let round = 0; round < 2; round++) {
      const at = this.#left.findLastIndex(fits);
      if (at >= 0) return this.#left.splice(at, 1)[0];
      this.#left = [...this.#random.shuffle(this.#items.filter((item) => !this.#left.includes(item))), ...this.#left];
    }
    return undefined;
  }

  /** Anew, with what came last at the far end. */
  #shuffled(): T[] {
    const late = new Set(this.#dealt.slice(-Math.floor(this.#items.length / 2)));
    this.#dealt = [];
    const shuffled = this.#random.shuffle(this.#items);
    return [...shuffled.filter((item) => late.has(item)), ...shuffled.filter((item) => !late.has(item))];
  }
}
