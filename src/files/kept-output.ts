/** What a program printed, in bounded memory. */

/** Keeps everything up to a limit and tells, once, when there was more. */
export class WholeOutput {
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    private readonly limit: number,
    private readonly onTooMuch: () => void,
  ) {}

  add(chunk: Buffer): void {
    if (this.#bytes > this.limit) return;
    this.#bytes += chunk.length;
    if (this.#bytes <= this.limit) this.#chunks.push(chunk);
    else this.onTooMuch();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/** Keeps the end of what was printed: where programs say why they failed. */
export class LastOutput {
  #kept = Buffer.alloc(0);
  #cut = false;

  constructor(private readonly limit: number) {}

  add(chunk: Buffer): void {
    const all = Buffer.concat([this.#kept, chunk]);
    this.#cut ||= all.length > this.limit;
    this.#kept = Buffer.from(all.subarray(-this.limit));
  }

  text(): string {
    return (this.#cut ? '… ' : '') + this.#kept.toString('utf8');
  }
}
