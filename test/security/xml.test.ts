/** XML as attackers write it, in every reader of it: titles (MARC), batches read back (METS, batch.xml), page text (ALTO). */
import { symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { mkdir, open, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inThread } from '../../src/files/threads.js';
import { checkAlto } from '../../src/newspapers/batch-files/oni-alto.js';
import { ALTO_NAMESPACE } from '../../src/newspapers/derivatives/alto-document.js';
import { parseXml } from '../../src/newspapers/batch-files/xml-tree.js';
import { findMarcFiles, readMarcFile } from '../../src/newspapers/marc-files.js';
import { InvalidMarc, parseMarc } from '../../src/newspapers/marc.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

let directory: string;
let secret: string;
/** What the entities and document types point to: nobody may ever ask for it. */
const fetched: string[] = [];
const server = createServer(({ url = '' }, response) => {
  fetched.push(url);
  response.end('fetched');
});
let address: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
});
afterAll(() => server.close());
beforeEach(async () => {
  directory = await temporaryDirectory();
  secret = join(directory, 'secret');
  await writeFile(secret, 'top secret');
});

const LAUGHS = `<!DOCTYPE r [<!ENTITY a0 "ha">${Array.from({ length: 30 }, (_, n) => `<!ENTITY a${n + 1} "&a${n};&a${n};&a${n};&a${n};">`).join('')}]>`;

/** What stands before the root, and what in its text. */
const TRAPS: readonly [string, () => string, string][] = [
  ['a billion laughs', () => LAUGHS, '&a30;'],
  ['a file as an entity', () => `<!DOCTYPE r [<!ENTITY x SYSTEM "file://${secret}">]>`, '&x;'],
  ['an address as an entity', () => `<!DOCTYPE r [<!ENTITY x SYSTEM "${address}/entity">]>`, '&x;'],
  ['a parameter entity', () => `<!DOCTYPE r [<!ENTITY % p SYSTEM "${address}/parameter"> %p; ]>`, '&x;'],
];
/** Allowed in XML, and passed over. */
const HARMLESS: readonly [string, () => string, string][] = [
  ['a document type elsewhere', () => `<!DOCTYPE r SYSTEM "${address}/dtd">`, ''],
  ['an instruction to show it by a stylesheet', () => `<?xml-stylesheet href="${address}/style"?>`, ''],
  ['an inclusion', () => '', `<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>`],
];

const field = (tag: string, text: string) =>
  `<datafield tag="${tag}"><subfield code="a">${text}</subfield></datafield>`;
const marc = (before: string, title: string) =>
  Buffer.from(`${before}<record>${field('010', 'sn 11111111')}${field('245', `${title}Gazette`)}</record>`);
const tree = (before: string, text: string) => `${before}<mets>${text}Gazette</mets>`;
async function altoFile(before: string, text: string): Promise<string> {
  const path = join(directory, 'page.xml');
  await writeFile(
    path,
    `${before}<alto xmlns="${ALTO_NAMESPACE}"><fileName>${text}Gazette</fileName><Page PHYSICAL_IMG_NR="1" WIDTH="9" HEIGHT="9"/></alto>`,
  );
  return path;
}
const readAlto = (path: string) =>
  inThread(new URL('../../src/newspapers/derivatives/alto-thread.js', import.meta.url), 'readAlto', { path });

describe.each(TRAPS)('%s', (_, before, text) => {
  test('makes no title', () => {
    expect(() => parseMarc(marc(before(), text), 'a.xml')).toThrow(InvalidMarc);
    expect(() => parseMarc(marc(before(), text), 'a.xml')).toThrow(/its XML is not well-formed \(.*undefined entity/);
    expect(fetched).toEqual([]);
  });

  test('makes no METS or batch.xml', () => {
    expect(() => parseXml(tree(before(), text))).toThrow(/undefined entity/);
    expect(fetched).toEqual([]);
  });

  test('makes no text of a page', async () => {
    const path = await altoFile(before(), text);
    expect(await readAlto(path)).toBeUndefined();
    expect(checkAlto(path)).toEqual([expect.stringMatching(/undefined entity/)]);
    expect(fetched).toEqual([]);
  });
});

test.each(HARMLESS)('%s is passed over: nothing is fetched', async (_, before, text) => {
  expect(parseMarc(marc(before(), text), 'a.xml').title).toBe('Gazette');
  expect(parseXml(tree(before(), text)).text).toBe('Gazette');
  expect(await readAlto(await altoFile(before(), text))).toMatchObject({ number: 1, width: 9 });
  expect(fetched).toEqual([]);
});

describe('size', () => {
  test('of 100 MB in one field of a MARC record is refused before it is read', async () => {
    const path = join(directory, 'huge.xml');
    const file = await open(path, 'w');
    await file.write(`<record>${field('010', 'sn 11111111')}<datafield tag="245"><subfield code="a">`);
    await file.truncate(100_000_000);
    await file.close();
    await expect(readMarcFile(path)).rejects.toThrow(/huge\.xml.*: it is larger than 1000000 bytes; give one record/);
  });

  test('that is not told, as of a device, is not waited for', async () => {
    await expect(readMarcFile('/dev/zero')).rejects.toThrow(/it is larger than 1000000 bytes/);
  });

  test('of nested elements is bounded', () => {
    const nested = '<a>'.repeat(300_000);
    expect(() => parseMarc(Buffer.from(`<record>${nested}`), 'a.xml')).toThrow(/elements are nested more than 50 deep/);
    expect(() => parseXml(`<mets>${nested}`)).toThrow(/elements are nested more than 100 deep/);
  });

  test('of an element with very many attributes, or very long ones, is read in the time of its bytes', () => {
    const many = Array.from({ length: 50_000 }, (_, n) => `a${n}="${n}"`).join(' ');
    expect(parseXml(`<mets ${many} long="${'x'.repeat(5_000_000)}"/>`).attributes.size).toBe(50_001);
  });
});

test('in a directory of records nothing but regular .xml files is opened', async () => {
  await mkdir(join(directory, 'marc', 'looks-like.xml'), { recursive: true });
  symlinkSync(secret, join(directory, 'marc', 'link.xml'));
  symlinkSync('/', join(directory, 'marc', 'root'));
  await writeFile(join(directory, 'marc', 'a.xml'), marc('', ''));
  expect(await findMarcFiles(join(directory, 'marc'))).toEqual([join(directory, 'marc', 'a.xml')]);
});
