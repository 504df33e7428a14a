/** Where a file of gzip members that was torn off is still whole. */
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

/** As node's zlib writes it: magic, deflate, no optional fields; then time, level, system. */
const HEADER = { length: 10, starts: Buffer.from([0x1f, 0x8b, 0x08, 0x00]) };
/** CRC-32 and the length of what was compressed, modulo 2^32. */
const TRAILER_LENGTH = 8;

/** How many bytes, from the start of a file, are whole gzip members; the rest was torn off or never reached the disk. */
export async function lengthOfWholeMembers(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    for (let at = 0; ;) {
      const next = await endOfMember(file, path, at);
      if (next === undefined) return at;
      at = next;
    }
  } finally {
    await file.close();
  }
}

/** Whether another member of node's zlib begins behind that byte: then what stands there is no torn end, but damage. */
export async function beginsBehind(path: string, at: number): Promise<boolean> {
  const header = Buffer.concat([HEADER.starts, Buffer.alloc(5)]); // no time, default level: nine bytes that chance does not bring
  let last = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { start: at + 1 }) as AsyncIterable<Buffer>) {
    const both = Buffer.concat([last, chunk]);
    if (both.includes(header)) return true;
    last = both.subarray(-header.length + 1);
  }
  return false;
}

async function endOfMember(file: FileHandle, path: string, at: number): Promise<number | undefined> {
  const header = await read(file, at, HEADER.length);
  if (!header?.subarray(0, HEADER.starts.length).equals(HEADER.starts)) return undefined;
  const start = at + HEADER.length;
  const body = await inflated(path, start);
  if (!body) return undefined;
  const trailer = await read(file, start + body.consumed, TRAILER_LENGTH);
  if (trailer?.readUInt32LE(4) !== body.length % 2 ** 32) return undefined;
  return start + body.consumed + TRAILER_LENGTH;
}

/** Bytes of the compressed stream that starts there, and of what comes out; undefined when it has no end. */
async function inflated(path: string, start: number): Promise<{ consumed: number; length: number } | undefined> {
  const source = createReadStream(path, { start });
  const inflate = createInflateRaw();
  let length = 0;
  inflate.on('data', (chunk: Buffer) => (length += chunk.length));
  source.on('error', (error) => inflate.destroy(error));
  try {
    await finished(source.pipe(inflate), { writable: false });
    return { consumed: inflate.bytesWritten, length };
  } catch (error) {
    if (/^Z_(BUF|DATA)_ERROR$/.test((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  } finally {
    source.destroy();
    inflate.destroy();
  }
}

async function read(file: FileHandle, at: number, length: number): Promise<Buffer | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return bytesRead === length ? buffer : undefined;
}
