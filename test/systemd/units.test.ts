/** The units of bin/systemd: read by systemd itself, and held to what the daemon needs (issue 5, section 3). */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { loadSettings, SETTING_KEYS } from '../../src/settings.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const DIRECTORY = resolve('bin/systemd');
const names = readdirSync(DIRECTORY);
const text = (name: string) => readFileSync(join(DIRECTORY, name), 'utf8');
const settings = (name: string): Map<string, string> =>
  new Map([...text(name).matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]));
const run = (program: string, args: string[]) =>
  promisify(execFile)(program, args, { timeout: 30_000, env: { ...process.env, SYSTEMD_LOG_LEVEL: 'warning' } }).catch(
    (error: unknown) => error as { stdout: string; stderr: string; code: number },
  );

/** The units as a sysadmin installs them, with the place of the checkout changed. */
async function installed(): Promise<string[]> {
  const directory = await temporaryDirectory();
  const paths = names.map((name) => join(directory, name));
  for (const [index, path] of paths.entries())
    await writeFile(path, text(names[index] ?? '').replaceAll('/opt/pressmark', resolve('.')));
  return paths;
}

test('systemd-analyze verify finds nothing to complain of', async () => {
  const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...(await installed())]); // prettier-ignore
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
});

test('systemd-analyze verify would say what is wrong', async () => {
  const [service = ''] = (await installed()).filter((path) => path.endsWith('/pressmark.service'));
  await writeFile(service, readFileSync(service, 'utf8').replace('WatchdogSec=2min', 'WatchdogSecs=2min'));
  const { stderr } = await run('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', service]);
  expect(stderr).toContain('WatchdogSecs');
});

test.each(names.filter((name) => name.endsWith('.service')))('%s is hardened: exposure of 3 at most', async (name) => {
  const paths = await installed();
  const path = paths[names.indexOf(name)] ?? '';
  const { stdout, stderr } = await run('systemd-analyze', ['security', '--offline=true', '--threshold=30', '--no-pager', path]); // prettier-ignore
  expect(Number(/exposure level for \S+ (\d+\.\d+)/.exec(stdout + stderr)?.[1])).toBeLessThanOrEqual(3);
});

describe('pressmark.service', () => {
  const unit = settings('pressmark.service');

  test('is ready when the daemon says so, is watched, and always comes back, but not with wrong settings', () => {
    expect(Object.fromEntries(unit)).toMatchObject({
      Type: 'notify',
      NotifyAccess: 'all',
      WatchdogSec: '2min',
      Restart: 'always',
      RestartPreventExitStatus: '2',
      StartLimitIntervalSec: '0',
      KillMode: 'mixed',
      OOMPolicy: 'continue',
    });
  });

  test('gives running jobs longer than the default grace period, and the poll longer than its statements', () => {
    const { SHUTDOWN_GRACE } = loadSettings({ file: '/dev/null', env: {} });
    expect(parseFloat(unit.get('TimeoutStopSec') ?? '')).toBeGreaterThanOrEqual(SHUTDOWN_GRACE + 20);
  });

  test('has all areas below one writable path: hard links and renames do not cross mounts', () => {
    const defaults = loadSettings({ file: '/dev/null', env: {} });
    const areas = SETTING_KEYS.filter((key) => key.endsWith('_PATH')).map((key) => defaults[key] as string); // directories
    expect(areas.length).toBeGreaterThanOrEqual(9);
    for (const area of areas) expect(area).toMatch(new RegExp(`^${unit.get('ReadWritePaths') ?? '?'}/`));
    expect(unit.get('RequiresMountsFor')).toContain(unit.get('ReadWritePaths'));
  });
});

test('every timer starts a service that is there, and makes up for a night that was missed', () => {
  const timers = names.filter((name) => name.endsWith('.timer'));
  expect(timers).toHaveLength(2);
  for (const timer of timers) {
    expect(names).toContain(timer.replace(/timer$/, 'service'));
    expect(settings(timer).get('Persistent')).toBe('true');
  }
});
