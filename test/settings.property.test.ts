/** Settings files and environments of any content: settings, or one error with every mistake; and no secret in it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  IGNORED_NCA_KEYS,
  loadSettings,
  SETTING_KEYS,
  SettingsError,
  showSettings,
  type Settings,
} from '../src/settings.js';
import { anyText, runs, spoilt, wellFormed } from './support/odd-text.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'pressmark-settings-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function load(text: string | Uint8Array, env: NodeJS.ProcessEnv = {}): Settings | SettingsError {
  const file = join(directory, 'settings.env');
  writeFileSync(file, text);
  try {
    return loadSettings({ file, env });
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error; // nothing else may be thrown
  }
}

const path = anyText
  .map((text) => `/${wellFormed(text.replaceAll(/["\r\n\0]/g, ''))}`)
  .filter((text) => !text.split('/').includes('..')); // leads elsewhere: into another area, or around all
const seconds = fc.constantFrom('0', '0.1s', '90s', '1h30m', '1.5h', '500ms', '336h', '0h', '1h1h', '48H', '1d', '-1s', '.5s', '1e3s'); // prettier-ignore
const valueOf = (key: string): fc.Arbitrary<string> => {
  if (key.endsWith('_PATH') || key.endsWith('_DIRECTORY')) return path.map((text) => `/${key}${text}`);
  if (/DURATION|_TIME$|RECHECK|INTERVAL|GRACE|LEASE/.test(key)) return seconds;
  if (key.endsWith('_URL') || key.endsWith('WEBROOT'))
    return fc.constantFrom('postgres://u:p@h:5432/d', 'redis://h:6379/0', 'rediss://:p@h', 'https://news.example.org', 'http://', 'h:5432', 'redis://h/x'); // prettier-ignore
  if (key.endsWith('_AGENT'))
    return fc.constantFrom('agent:22', '[::1]:2222', 'agent', 'agent:0', 'agent:70000', 'a b:22');
  return fc.oneof(fc.constantFrom('1', '72', '200', '5000', '62.5', 'true', 'false', 'oru', 'io=1,cpu=2', 'info', '007', '1e3', '٣'), anyText.map((text) => wellFormed(text.replaceAll(/["\r\n\0]/g, '')))); // prettier-ignore
};
const entries = fc
  .uniqueArray(fc.constantFrom(...SETTING_KEYS), { maxLength: 6 })
  .chain((keys) => fc.tuple(...keys.map((key) => fc.tuple(fc.constant(key as string), valueOf(key)))));
const line = ([key, value]: readonly [string, string]) => `${key}="${value}"`;

test('any bytes as the file, any texts in the environment: settings, or one error that names each mistake with its place and remedy', () => {
  const environment = fc.dictionary(
    fc.oneof(
      fc.constantFrom(...SETTING_KEYS),
      fc.constantFrom(...SETTING_KEYS).map((key) => `NCA_${key}`),
    ),
    anyText.map((text) => text.replaceAll('\0', '')),
    { maxKeys: 4 },
  );
  const text = entries.map((all) => all.map(line).join('\n'));
  const file = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    anyText.map((any) => Buffer.from(any)),
    spoilt(text).map((any) => Buffer.from(any)),
  );
  fc.assert(
    fc.property(file, environment, (bytes, env) => {
      const found = load(bytes, env);
      expect(load(bytes, env)).toEqual(found); // the same twice
      if (!(found instanceof SettingsError)) return;
      expect(found.mistakes.length).toBeGreaterThan(0);
      for (const { key, remedy, source } of found.mistakes) {
        expect(remedy).not.toBe('');
        expect(source).toMatch(/settings\.env line \d+$|^environment \w+$|^the default$/);
        expect(found.message).toContain(`${key}=`);
        expect(found.message).toContain(remedy);
      }
    }),
    runs(100),
  );
});

test('a file and an environment of the same entries mean the same; what is wrong is wrong in either', () => {
  fc.assert(
    fc.property(entries, (all) => {
      const given = all.filter(([, value]) => value !== '');
      const written = load(given.map(line).join('\n'));
      const exported = load('', Object.fromEntries(given));
      if (written instanceof SettingsError || exported instanceof SettingsError) {
        const keys = (found: Settings | SettingsError) =>
          found instanceof SettingsError ? found.mistakes.map(({ key }) => key) : [];
        expect(keys(written)).toEqual(keys(exported));
        return;
      }
      expect(written).toEqual(exported);
    }),
    runs(100),
  );
});

test('any path survives in quotes: also one with a line separator of Unicode', () => {
  fc.assert(
    fc.property(path, (name) => {
      const found = load(`WORKFLOW_PATH="/w${name}"`);
      expect(found).not.toBeInstanceOf(SettingsError);
      expect(load('', { WORKFLOW_PATH: `/w${name}` })).toEqual(found);
    }),
    runs(100),
  );
});

test('what the settings are shown as is read as the same settings, and shows no password', () => {
  fc.assert(
    fc.property(entries, (all) => {
      const file = join(directory, 'settings.env');
      const found = load(all.map(line).join('\n'));
      if (found instanceof SettingsError) return;
      const shown = showSettings({ file, env: {} });
      expect(shown.map(({ key }) => key)).toEqual(SETTING_KEYS);
      const readable = shown.filter(({ key, value }) => value !== null && !/_URL$/.test(key));
      const again = load(readable.map(({ key, value }) => line([key, String(value)])).join('\n'));
      const plain = (settings: Settings | SettingsError) => Object.entries(settings).filter(([key]) => !key.endsWith('_URL')); // prettier-ignore
      if (found.REDIS_CA === undefined) expect(plain(again)).toEqual(plain(found)); // which counts with a REDIS_URL only
      for (const { key, value } of shown) if (key.endsWith('_URL')) expect(value ?? '').not.toMatch(/:p@/);
    }),
    runs(60),
  );
});

test('a mistake is told for each wrong setting, however many there are, and for no other', () => {
  const wrong: Record<string, string> = {
    ...{ DPI: '7', QUALITY: '101', MINIMUM_ISSUE_PAGES: '0', PDF_A: 'yes', QUEUES: 'io=1,io=2', LOG_LEVEL: 'loud' },
    ...{ POLL_INTERVAL: '1ms', REDIS_URL: 'redis://', STAGING_AGENT: 'agent', AGENT_USER: 'a b', DATABASE_URL: 'mysql://h/d' }, // prettier-ignore
  };
  fc.assert(
    fc.property(fc.subarray(Object.keys(wrong)), fc.subarray(Object.keys(wrong)), fc.constantFrom(...IGNORED_NCA_KEYS), (inFile, inEnvironment, ignored) => { // prettier-ignore
      const found = load(
        [`${ignored}=x`, ...inFile.map((key) => `${key}=${wrong[key] ?? ''}`)].join('\r\n'),
        Object.fromEntries(inEnvironment.map((key) => [key, wrong[key]])),
      );
      const told = found instanceof SettingsError ? found.mistakes.map(({ key }) => key).sort() : [];
      expect(told).toEqual([...new Set([...inFile, ...inEnvironment])].sort());
    }), // prettier-ignore
    runs(50),
  );
});

test('whatever is wrong with an address or a line, its password is in no message', () => {
  const secret = 'qPwX7secret';
  const address = fc
    .tuple(
      fc.constantFrom(
        'postgres://',
        'postgresql://',
        'redis://',
        'rediss://',
        'mysql://',
        'postgres:/',
        'postgres:',
        '',
        'redis:///',
      ),
      fc.constantFrom('u', '', 'u.v', 'a%40b', 'ü', 'a\u2028b'),
      fc.constantFrom('', '%', '@', '/', '#', '?', ' ', '\t', '\u2028', ':', '%zz'),
      fc.constantFrom('@h', '@h:5432/d', '@h:x/d', '@', '@h/d?x=1#y', '@h h/d', '@\n'),
    )
    .map(([scheme, user, odd, host]) => `${scheme}${user}:${secret}${odd}${host}`);
  const asked = fc.constantFrom(
    `redis://h/0?password=${secret}`,
    `postgres://h:x/d?user=u&password=${secret}&sslmode=no`,
  );
  const written = fc.constantFrom(
    (key: string, value: string) => `${key}=${value}`,
    (key: string, value: string) => `${key}="${value}"`,
    (key: string, value: string) => `${key}="${value}`,
    (key: string, value: string) => `${key}: ${value}`,
    (key: string, value: string) => `export ${key}=${value}`,
    (key: string, value: string) => `${key}=${value}\n${key}=${value}`,
    (key: string, value: string) => `${key.replace('_', '')}=${value}`,
    (key: string, value: string) => `${key} ${value}`,
  );
  fc.assert(
    fc.property(fc.constantFrom('DATABASE_URL', 'REDIS_URL', 'NCA_DATABASE_URL', 'DB_PASSWORD', 'SFTPGO_ADMIN_API_KEY'), fc.oneof(address, asked), written, fc.boolean(), (key, value, form, inEnvironment) => {
      const found = inEnvironment ? load('DPI=1', { [key]: value }) : load(`DPI=1\n${form(key, value)}`);
      expect(found).toBeInstanceOf(SettingsError);
      if (found instanceof SettingsError) expect(found.message).not.toContain(secret);
    }), // prettier-ignore
    runs(200),
  );
});

test.each([
  ['a second one', 'DATABASE_URL=postgres://h/d\nDATABASE_URL=postgres://u:secret@h/d'],
  ['a quote that is not closed', 'DATABASE_URL="postgres://u:secret@h/d'],
  ['a colon in place of "="', 'DATABASE_URL: postgres://u:secret@h/d'],
  ['a query', 'REDIS_URL=redis://h/0?password=secret'],
  ['a name that there is not', 'DATABASEURL=postgres://u:secret@h/d'],
])('the password is not told of %s', (_what, text) => {
  const found = load(text);
  if (!(found instanceof SettingsError)) throw new Error('this is no right file');
  expect(found.message).not.toContain('secret');
});
