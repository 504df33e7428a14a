import { chmodSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  checkSystemTools,
  ensureSystemTools,
  NEWSPAPER_TOOLS,
  TEST_TOOLS,
  ToolsMissing,
} from '../../src/files/system-tools.js';
import { installLine, packageOf, thisPlatform, type Platform } from '../../src/files/tool-packages.js';
import { makeTree, readTree, scratch } from './trees.js';

const { at } = scratch();
afterEach(() => vi.unstubAllEnvs());

/** A PATH with only these programs in it: shell scripts. */
const onlyPrograms = (programs: Record<string, string>) => {
  makeTree(at('bin'), {});
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(at('bin', name), `#!/bin/sh\n${script}\n`);
    chmodSync(at('bin', name), 0o755);
  }
  vi.stubEnv('PATH', at('bin'));
};
const debian: Platform = { installer: 'apt', isRoot: true };
const poppler = { pdftoppm: '', pdftotext: '', pdfinfo: '' };

describe('the line that installs', () => {
  test.each<[string, Platform, string]>([
    ['Debian as root', debian, 'apt-get update && apt-get install -y poppler-utils qpdf libopenjp2-tools'],
    [
      'Ubuntu as a user',
      { installer: 'apt', isRoot: false },
      'sudo apt-get update && sudo apt-get install -y poppler-utils qpdf libopenjp2-tools',
    ],
    ['Fedora', { installer: 'dnf', isRoot: false }, 'sudo dnf install -y poppler-utils qpdf openjpeg2-tools'],
    ['macOS', { installer: 'brew', isRoot: false }, 'brew install poppler qpdf openjpeg'],
    [
      'any other',
      { installer: undefined, isRoot: false },
      "install these with your system's own installer (Debian's names): poppler-utils qpdf libopenjp2-tools",
    ],
  ])('on %s', (_, platform, line) => {
    expect(installLine(NEWSPAPER_TOOLS, platform)).toBe(line);
  });

  test('every program of ours is known by its package', () => {
    expect(['pdftotext', 'opj_decompress', 'qpdf', 'xmllint', 'ls'].map(packageOf)).toEqual([
      ...['poppler-utils', 'libopenjp2-tools', 'qpdf', 'libxml2-utils', undefined],
    ]);
  });

  test('this machine is something we know, or not', () => {
    expect(['apt', 'dnf', 'brew', undefined]).toContain(thisPlatform().installer);
  });
});

describe('checking at start', () => {
  test('names every missing program and one line for all of them', async () => {
    onlyPrograms({ ...poppler, opj_compress: '' });
    const failure = checkSystemTools([...NEWSPAPER_TOOLS, ...TEST_TOOLS], { installer: 'apt', isRoot: false });
    await expect(failure).rejects.toBeInstanceOf(ToolsMissing);
    await expect(failure).rejects.toThrow(
      'These programs are not installed: qpdf, opj_decompress, xmllint, redis-server, openssl, psql, pgbouncer. To install:\n\n' +
        '  sudo apt-get update && sudo apt-get install -y qpdf libopenjp2-tools libxml2-utils redis-server openssl postgresql-client pgbouncer\n',
    );
  });

  test('is content when all are there', async () => {
    onlyPrograms(poppler);
    await checkSystemTools(['poppler-utils']);
  });
});

describe('making sure', () => {
  /** An apt-get that writes down how it was called and "installs" qpdf. */
  const apt = (install: string) =>
    `echo "$DEBIAN_FRONTEND $*" >> ${JSON.stringify(at('calls'))}; case "$*" in *install*) ${install} ;; *) exit 100 ;; esac`;
  const tools = () => ({
    'apt-get': apt(`/bin/cp "$0" ${JSON.stringify(at('bin', 'qpdf'))}`),
    env: 'exec /usr/bin/env "$@"',
  });

  test('as root on Debian it updates, installs without questions, and looks again', async () => {
    onlyPrograms(tools());
    const said: string[] = [];
    await ensureSystemTools(['qpdf'], { platform: debian, say: (line) => said.push(line) });
    const [update, install] = readTree(at('.'))['calls']?.split('\n') ?? [];
    expect(update).toMatch(/-q update$/);
    expect(install).toMatch(/^noninteractive .*-y .*install qpdf$/);
    expect(said).toEqual(['Looking for packages: apt-get update ...', 'Installing qpdf ...']);
    await ensureSystemTools(['qpdf'], { platform: debian, say: () => expect.fail('there is nothing to do') });
  });

  test('when the installer fails, its words are in the error', async () => {
    onlyPrograms({ ...tools(), 'apt-get': apt('echo "E: Unable to locate package qpdf" >&2; exit 100') });
    const failure = ensureSystemTools(['qpdf'], { platform: debian, say: () => undefined });
    await expect(failure).rejects.toThrow(/exited with code 100; it said: E: Unable to locate package qpdf/);
  });

  test.each<Platform>([
    { installer: 'apt', isRoot: false },
    { installer: 'dnf', isRoot: true },
    { installer: 'brew', isRoot: false },
  ])('on %j it installs nothing and says what to type', async (platform) => {
    onlyPrograms(tools());
    await expect(ensureSystemTools(['qpdf'], { platform })).rejects.toThrow(installLine(['qpdf'], platform));
    expect(Object.keys(readTree(at('.')))).not.toContain('calls');
  });
});
