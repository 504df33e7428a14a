import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { isTemporary, landFile, temporaryBeside, writeFileSafely } from '../../src/files/land.js';
import { killAfter, restart } from './killed.js';
import { scratch } from './trees.js';

vi.mock('node:fs/promises', async (original) => (await import('./killed.js')).killable(await original()));
const { at } = scratch();
beforeEach(() => void restart());

describe('writing safely', () => {
  test('lands the whole content under its name, readable by all whatever the umask, nothing beside it', async () => {
    const umask = process.umask(0o077);
    await writeFileSafely(at('page.xml'), '<ü/>');
    await writeFileSafely(at('secret'), new Uint8Array([1, 2]), { mode: 0o600 });
    process.umask(umask);
    expect(readFileSync(at('page.xml'), 'utf8')).toBe('<ü/>');
    expect([at('page.xml'), at('secret')].map((path) => statSync(path).mode & 0o777)).toEqual([0o644, 0o600]);
    expect(readdirSync(at('.')).sort()).toEqual(['page.xml', 'secret']);
  });

  test('killed at any point, the former content or the new one is there; the next run leaves nothing beside it (W7)', async () => {
    for (let calls = 0, wasKilled = true; wasKilled; calls++) {
      writeFileSync(at('page.xml'), 'former');
      killAfter(calls);
      await writeFileSafely(at('page.xml'), 'new').catch(() => undefined);
      wasKilled = restart();
      expect(readFileSync(at('page.xml'), 'utf8')).toMatch(/^(former|new)$/);
      await writeFileSafely(at('page.xml'), 'newest');
      expect(readdirSync(at('.'))).toEqual(['page.xml']);
    }
  });

  test('who finds the new content finds no rest of earlier runs beside it, killed at any point', async () => {
    for (let calls = 0, wasKilled = true; wasKilled; calls++) {
      const rest = temporaryBeside(at('done.verified'));
      writeFileSync(rest, 'half');
      killAfter(calls);
      await writeFileSafely(at('done.verified'), 'new').catch(() => undefined);
      wasKilled = restart();
      if (existsSync(at('done.verified'))) expect(readdirSync(at('.'))).toEqual(['done.verified']);
      for (const name of readdirSync(at('.'))) rmSync(at(name));
    }
  });

  test('a failure leaves nothing behind', async () => {
    mkdirSync(at('page.xml'));
    await expect(writeFileSafely(at('page.xml'), 'new')).rejects.toThrow('EISDIR');
    expect(readdirSync(at('.'))).toEqual(['page.xml']);
  });
});

describe('landing what a program wrote', () => {
  test('brings it to its name with permissions for all, over what was there', async () => {
    writeFileSync(at('0001.jp2'), 'former');
    const temporary = temporaryBeside(at('0001.jp2'));
    writeFileSync(temporary, 'new', { mode: 0o600 });
    await landFile(temporary, at('0001.jp2'));
    expect(readFileSync(at('0001.jp2'), 'utf8')).toBe('new');
    expect(statSync(at('0001.jp2')).mode & 0o777).toBe(0o644);
    expect(existsSync(temporary)).toBe(false);
  });

  test('removes what killed runs left for this target, not what others are writing', async () => {
    const [mine, rest, others] = ['0001.jp2', '0001.jp2', '0002.jp2'].map((name) => temporaryBeside(at(name)));
    for (const path of [mine, rest, others]) writeFileSync(path ?? '', '');
    await landFile(mine ?? '', at('0001.jp2'));
    expect(readdirSync(at('.')).sort()).toEqual([basename(others ?? ''), '0001.jp2'].sort());
  });

  test('a read-only file can land, too', async () => {
    const temporary = temporaryBeside(at('x'));
    writeFileSync(temporary, 'new');
    chmodSync(temporary, 0o600);
    await landFile(temporary, at('x'), { mode: 0o444 });
    expect(statSync(at('x')).mode & 0o777).toBe(0o444);
  });
});

describe('temporary names', () => {
  test('are unique, beside the target, with its extension, and known as such', () => {
    const target = at(`${'x'.repeat(251)}.jp2`);
    const [one, other] = [temporaryBeside(target), temporaryBeside(target)];
    expect(one).not.toBe(other);
    expect(dirname(one)).toBe(dirname(target));
    expect(basename(one)).toMatch(/^\.pressmark-.{25}\.jp2$/);
    expect(
      [basename(one), basename(temporaryBeside(at('noext'))), '.pressmark-mine.pdf', '0001.jp2'].map(isTemporary),
    ).toEqual([true, true, false, false]);
  });
});
