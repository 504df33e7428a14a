/** What an outside program is given, and what it may take: it reads what strangers deliver, and may be taken over by it. */
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ProgramFailed, runProgram } from '../../src/files/programs.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => vi.unstubAllEnvs());

const failureOf = (work: Promise<unknown>): Promise<ProgramFailed> =>
  work.then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ProgramFailed);
      return error as ProgramFailed;
    },
  );

describe('an outside program', () => {
  test('sees of the environment what it needs, and no address, password or key', async () => {
    const secrets = {
      ...{ DATABASE_URL: 'postgres://a:hidden@b/c', NCA_DATABASE_URL: 'hidden', REDIS_URL: 'redis://:hidden@b' },
      ...{ MYSQL_PWD: 'hidden', PGPASSWORD: 'hidden', PGPASSFILE: 'hidden', AGENT_CLIENT_KEY: 'hidden' },
      ...{
        SSH_AUTH_SOCK: 'hidden',
        SFTPGO_ADMIN_API_KEY: 'hidden',
        https_proxy: 'http://a:hidden@b',
        NODE_OPTIONS: '',
      },
    };
    for (const [name, value] of Object.entries(secrets)) vi.stubEnv(name, value);
    vi.stubEnv('TMPDIR', directory);
    const { stdout } = await runProgram('env', [], { timeoutSeconds: 60, env: { ITS_OWN: 'given' } });
    expect(stdout).not.toContain('hidden');
    for (const name of Object.keys(secrets)) expect(stdout).not.toMatch(new RegExp(`^${name}=`, 'm'));
    const names = stdout.split('\n').map((line) => line.split('=', 1)[0]);
    expect(names).toEqual(expect.arrayContaining(['PATH', 'TMPDIR', 'LC_ALL', 'ITS_OWN']));
  });

  test('holds no open file of ours', async () => {
    const ours = join(directory, 'secret');
    const file = await open(ours, 'w');
    const { stdout } = await runProgram('ls', ['-l', '/proc/self/fd'], { timeoutSeconds: 60 });
    await file.close();
    expect(stdout).not.toContain(ours);
  });

  test('is started without a shell: what looks like its language is a word', async () => {
    const words = [
      '$(touch made)',
      '`touch made`',
      '; touch made',
      '| touch made',
      '&& touch made',
      '*',
      "'",
      '"',
      '\n',
      '-x',
      '> made',
      '%s',
    ];
    const { stdout } = await runProgram('printf', ['%s\\n', ...words], { timeoutSeconds: 60, cwd: directory });
    expect(stdout).toBe(words.map((word) => `${word}\n`).join(''));
    expect(await readdir(directory)).toEqual([]);
  });

  test('leaves no core behind', async () => {
    const { stdout } = await runProgram('sh', ['-c', 'ulimit -c; ulimit -Hc'], { timeoutSeconds: 60 });
    expect(stdout).toBe('0\n0\n');
  });

  test.each(['qpdf', 'pdftoppm', 'pdftotext', 'opj_compress'])('as %s is held to limits by itself', async (name) => {
    // In its place stands a program that tells what it may take.
    await writeFile(join(directory, name), '#!/bin/sh\nfor limit in t f v; do ulimit -$limit; done\n', { mode: 0o755 });
    vi.stubEnv('PATH', `${directory}:${process.env['PATH'] ?? ''}`);
    const { stdout } = await runProgram(name, [], { timeoutSeconds: 900 });
    const [seconds = '', blocks = '', kilobytes = ''] = stdout.trim().split('\n');
    expect(Number(seconds)).toBeGreaterThanOrEqual(600);
    expect(Number(blocks) * 512).toBe((name === 'pdftotext' ? 64 : 16_384) * 2 ** 20);
    if (name === 'opj_compress')
      expect(kilobytes).toBe('unlimited'); // it reads only what we have made
    else expect(Number(kilobytes)).toBeLessThanOrEqual(8 * 2 ** 20);
  });
});

describe('one that takes more than it may', () => {
  test('of a processor is ended, though its time by the clock is not up', async () => {
    const limits = { cpuSeconds: 1 };
    const failure = await failureOf(runProgram('sh', ['-c', 'while :; do :; done'], { timeoutSeconds: 60, limits }));
    expect(failure).toMatchObject({ signal: 'SIGXCPU', limitMet: 'used more than 1 s of a processor' });
    expect(failure.message).toMatch(/used more than 1 s of a processor/);
  });

  test('of a processor, and does not listen, is ended all the same', { timeout: 240_000 }, async () => {
    const script = `trap '' XCPU; while :; do :; done`;
    // 3 s of a processor may be a minute by the clock where many want it; the clock, which kills as well, is not to be first
    const limits = { cpuSeconds: 1 };
    const failure = await failureOf(runProgram('sh', ['-c', script], { timeoutSeconds: 3600, limits }));
    expect(failure.signal).toBe('SIGKILL');
  });

  test('of the disk is ended', async () => {
    const limits = { fileMegabytes: 1 };
    const args = ['if=/dev/zero', `of=${join(directory, 'big')}`, 'bs=65536'];
    const failure = await failureOf(runProgram('dd', args, { timeoutSeconds: 60, limits }));
    expect(failure.message).toMatch(/wrote a file of more than 1 MB/);
    expect((await stat(join(directory, 'big'))).size).toBe(2 ** 20);
  });
});

test('child processes are started in one place', async () => {
  const files = (await readdir('src', { recursive: true })).filter((name) => name.endsWith('.ts'));
  const starters: string[] = [];
  for (const name of files) {
    const text = await readFile(join('src', name), 'utf8');
    if (/from '(node:)?child_process'/.test(text)) starters.push(name);
    expect.soft(text, name).not.toMatch(/shell: (true|')|\bexecSync\(|(?<!\.)\beval\(|new Function\(/);
  }
  // But for the demo, which starts our own programs, and the private PostgreSQL, whose binaries are nobody's upload.
  expect(starters.filter((name) => !/^(cli\/demo|database\/embedded)\//.test(name))).toEqual(['files/programs.ts']);
});
