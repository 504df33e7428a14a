/** Runs in a thread, for `tar.ts`: writes a tar file without giving way. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';

const BLOCK = 512;
const CHUNK_BYTES = 1024 * 1024;
/** What the twelve octal digits of the old header can say; above it the size stands in an extended header only. */
const MOST_OCTAL = 0o77777777777;

export interface TarOrder {
  target: string;
  members: readonly { path: string; name: string }[];
}

/** A member as it was read. */
export interface TarredFile {
  size: number;
  sha256: string;
}

/**
 * Writes files as members of a POSIX tar (pax) in the given order, all with mode 0666, no owner and no time: the same
 * files give the same bytes.
 *
 * @throws when a file is no regular file or changes while it is read
 */
export function writeTar({ target, members }: TarOrder): TarredFile[] {
  const tar = openSync(target, 'wx', 0o600);
  try {
    const written = members.map(({ path, name }) => writeMember(tar, path, name));
    writeWhole(tar, Buffer.alloc(2 * BLOCK));
    return written;
  } finally {
    closeSync(tar);
  }
}

function writeMember(tar: number, path: string, name: string): TarredFile {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw new Error(`${JSON.stringify(path)} is not a regular file`);
    const extended = extendedHeader(name, found.size);
    if (extended) writeWhole(tar, extended);
    writeWhole(tar, header(asciiName(name), found.size, '0'));
    const hash = createHash('sha256');
    const bytes = pour(file, tar, found.size, hash);
    if (bytes !== found.size || fstatSync(file).size !== found.size)
      throw new Error(`${JSON.stringify(path)} changed meanwhile; somebody still writes to it`);
    writeWhole(tar, Buffer.alloc(padding(bytes)));
    return { size: bytes, sha256: hash.digest('hex') };
  } finally {
    closeSync(file);
  }
}

function pour(file: number, tar: number, size: number, hash: Hash): number {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let bytes = 0;
  while (bytes < size) {
    const read = readSync(file, chunk, 0, Math.min(CHUNK_BYTES, size - bytes), null);
    if (read === 0) break;
    const piece = chunk.subarray(0, read);
    hash.update(piece);
    writeWhole(tar, piece);
    bytes += read;
  }
  return bytes;
}

function writeWhole(tar: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(tar, bytes, written);
}

/** What the old header cannot hold: names that are long or not ASCII, sizes above 8 GB. */
function extendedHeader(name: string, size: number): Buffer | undefined {
  const records = [
    ...(asciiName(name) === name ? [] : [record('path', name)]),
    ...(size > MOST_OCTAL ? [record('size', String(size))] : []),
  ];
  if (records.length === 0) return undefined;
  const body = Buffer.concat(records);
  return Buffer.concat([header('././@PaxHeader', body.length, 'x'), body, Buffer.alloc(padding(body.length))]);
}

/** "27 path=original/…\n": the length counts itself. */
function record(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

const asciiName = (name: string) => name.replace(/[^ -~]/gu, '_').slice(0, 100);
const padding = (bytes: number) => (BLOCK - (bytes % BLOCK)) % BLOCK;

function header(name: string, size: number, type: '0' | 'x'): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, digits: number) =>
    block.write(`${value.toString(8).padStart(digits, '0')}\0`, offset, 'ascii');
  block.write(name, 0, 100, 'ascii');
  octal(0o666, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(Math.min(size, MOST_OCTAL), 124, 11);
  octal(0, 136, 11);
  block.write('        ', 148, 'ascii'); // the sum counts itself as spaces
  block.write(type, 156, 'ascii');
  block.write('ustar\0' + '00', 257, 'ascii'); // magic and version
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}
