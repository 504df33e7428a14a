/** The part of a stream that is in memory: it grows at its end and is dropped from its beginning. */
const EMPTY = Buffer.alloc(0);

/** No row of a dump is longer: servers refuse rows above their max_allowed_packet, 16 or 64 MB as installed. */
const MOST_BYTES = 64 * 1024 * 1024;

export class WindowFull extends Error {
  override name = 'WindowFull';
}

export class ByteWindow {
  /** What is in memory; the bytes before `at` were used up. */
  bytes: Buffer = EMPTY;
  at = 0;
  /** Bytes of the stream before `bytes`. */
  private dropped = 0;
  private readonly chunks: AsyncIterator<Buffer>;

  constructor(stream: AsyncIterable<Buffer>) {
    this.chunks = stream[Symbol.asyncIterator]();
  }

  /** How many bytes of the stream were used up. */
  get offset(): number {
    return this.dropped + this.at;
  }

  /** Reads on. False at the end of the stream. @throws WindowFull when what nobody could use grows without end */
  async more(): Promise<boolean> {
    const next = await this.chunks.next();
    if (next.done) return false;
    const rest = this.bytes.subarray(this.at);
    if (rest.length > MOST_BYTES) throw new WindowFull(`nothing ends within ${MOST_BYTES} bytes`);
    this.dropped += this.at;
    this.at = 0;
    this.bytes = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
    return true;
  }

  /** Makes so many bytes available, fewer only at the end of the stream. */
  async atLeast(count: number): Promise<void> {
    while (this.bytes.length - this.at < count && (await this.more()));
  }

  /** Lets go of the stream when nobody wants its end. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}
