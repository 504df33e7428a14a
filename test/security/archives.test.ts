/**
 * Packed files: what could unpack without end, or out of its place. Pressmark has no reader of tar and zip files at all;
 * of packed files it reads dumps of NCA's database (gzip), and what PDFs, TIFFs and answers of sites pack themselves.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { makeTar } from '../../src/files/tar.js';
import { closeThreads } from '../../src/files/threads.js';
import { dumpSource } from '../../src/newspapers/nca/dump/read-dump.js';
import { NcaUnreadable } from '../../src/newspapers/nca/tables.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterAll(closeThreads);

test('no part of the program unpacks a tar or a zip', async () => {
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(dependencies).filter((name) => /tar|zip|unpack|extract|archiv/i.test(name))).toEqual([]);
  const programs = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) =>
      [...readFileSync(join('src', name), 'utf8').matchAll(/runProgram\(\s*'([^']+)'/g)].map(([, program]) => program),
    );
  expect(new Set(programs)).not.toContain(undefined);
  for (const unpacks of ['tar', 'bsdtar', 'unzip', '7z', 'gunzip', 'sh', 'bash'])
    expect(programs).not.toContain(unpacks);
});

test('the tar that is written holds plain files by plain names, whatever lies beside them', async () => {
  await writeFile(join(directory, 'page.pdf'), 'page');
  await symlink('/etc/passwd', join(directory, 'link.pdf'));
  const target = join(directory, 'original.tar');
  const link = [{ path: join(directory, 'link.pdf'), name: 'original/link.pdf' }];
  await expect(makeTar(target, link)).rejects.toThrow(/original\.tar could not be written/);
  expect(existsSync(target)).toBe(false);
  await makeTar(target, [{ path: join(directory, 'page.pdf'), name: 'original/-rf "$(reboot)"\n\u001b[2J.pdf' }]);
  const listed = execFileSync('tar', ['--list', '--verbose', '--quoting-style=escape', '--file', target], {
    encoding: 'utf8',
  });
  expect(listed.trim().split('\n')).toEqual([
    expect.stringMatching(/^-rw-rw-rw- 0\/0 .* original\/-rf\\? "\$\(reboot\)"\\n\\033\[2J\.pdf$/),
  ]);
});

describe('a dump of NCA', () => {
  async function failureOf(content: Uint8Array): Promise<Error> {
    const file = join(directory, 'nca.sql.gz');
    await writeFile(file, content);
    const source = await dumpSource(file);
    try {
      for await (const { rows } of source.read()) expect(rows).toBeDefined();
    } catch (error) {
      return error as Error;
    }
    throw new Error('nothing was thrown');
  }
  const MEGABYTE = 2 ** 20;

  test.each([
    ['blanks', Buffer.alloc(200 * MEGABYTE, ' ')],
    ['one endless word', Buffer.alloc(100 * MEGABYTE, 'x')],
    ['one endless text', Buffer.concat([Buffer.from("insert into `x` values ('"), Buffer.alloc(100 * MEGABYTE, 'x')])],
  ])('that unpacks a thousand to one into %s is refused, and never in memory as a whole', async (_, content) => {
    const packed = gzipSync(content, { level: 1 });
    const before = process.memoryUsage().rss;
    const failure = await failureOf(packed);
    expect(failure).toBeInstanceOf(NcaUnreadable);
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * MEGABYTE);
  });

  test('that was packed twice, or is a tar, is refused', async () => {
    await mkdir(join(directory, 'out'));
    expect((await failureOf(gzipSync(gzipSync('-- a dump')))).message).toMatch(/is nothing that mysqldump writes/);
    await writeFile(join(directory, 'a.sql'), '-- a dump');
    const tar = execFileSync('tar', [
      '--create',
      '--absolute-names',
      '--transform',
      's|.*|../../out/evil|',
      '--file',
      '-',
      join(directory, 'a.sql'),
    ]);
    expect(await failureOf(gzipSync(tar))).toBeInstanceOf(NcaUnreadable);
    expect(await readdir(join(directory, 'out'))).toEqual([]);
  });
});
