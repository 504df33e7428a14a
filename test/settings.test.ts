import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IGNORED_NCA_KEYS, loadSettings, parseQueues, SETTING_KEYS, SettingsError } from '../src/settings.js';

const example = fileURLToPath(new URL('../settings.example.env', import.meta.url));
let directory: string;
let file: string;
const cwd = process.cwd();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'settings-'));
  file = join(directory, 'my settings.env');
  process.chdir(directory); // no ./settings.env of a developer counts here
});
afterEach(() => {
  process.chdir(cwd);
  rmSync(directory, { recursive: true });
});

const load = (text: string, env: NodeJS.ProcessEnv = {}) => {
  writeFileSync(file, text);
  return loadSettings({ file, env });
};
const mistakesOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error('no mistake was found');
};

describe('the example file', () => {
  test('loads to exactly the defaults', () => {
    expect(loadSettings({ file: example, env: {} })).toEqual(loadSettings({ env: {} }));
  });

  test('mentions every setting once, in the order of the schema, and nothing else', () => {
    const keys = [...readFileSync(example, 'utf8').matchAll(/^(\w+)=/gm)].map(([, key]) => key);
    expect(keys).toEqual(SETTING_KEYS);
  });
});

describe('defaults are those of NCA', () => {
  test('with durations in seconds and paths absolute', () => {
    expect(loadSettings({ env: {} })).toMatchObject({
      WORKFLOW_PATH: '/mnt/news/workflow',
      MINIMUM_ISSUE_PAGES: 2,
      DURATION_ISSUE_CONSIDERED_DANGEROUS: 172_800,
      DURATION_ISSUE_CONSIDERED_NEW: 1_209_600,
      DPI: 200,
      QUALITY: 62.5,
      DATABASE_URL: undefined,
      VAR_DIRECTORY: resolve('var'),
      QUEUES: { io: 1, fast: 4, instant: 4 },
      LISTEN_NOTIFY: true,
      RUNNER_LEASE: 60,
      ignoredKeys: [],
    });
  });
});

describe('where settings come from', () => {
  test('the file, overridden by <KEY>, overridden by NCA_<KEY>', () => {
    const text = 'DPI=300\nQUALITY=50\nSCANNED_PDF_DPI=160\n';
    const settings = load(text, { DPI: '301', QUALITY: '51', NCA_QUALITY: '52' });
    expect(settings).toMatchObject({ DPI: 301, QUALITY: 52, SCANNED_PDF_DPI: 160 });
  });

  test('empty is not set: in the file the default counts, in the environment the file (W32)', () => {
    expect(load('DPI=\nQUALITY=\nSCANNED_PDF_DPI=180', { QUALITY: '', SCANNED_PDF_DPI: '' })).toMatchObject({
      DPI: 200,
      QUALITY: 62.5,
      SCANNED_PDF_DPI: 180,
    });
  });

  test('PRESSMARK_SETTINGS names the file; --settings wins; else ./settings.env when there is one', () => {
    expect(loadSettings({ env: {} }).DPI).toBe(200);
    writeFileSync('settings.env', 'DPI=101');
    writeFileSync('other.env', 'DPI=102');
    writeFileSync(file, 'DPI=103');
    expect(loadSettings({ env: {} }).DPI).toBe(101);
    expect(loadSettings({ env: { PRESSMARK_SETTINGS: 'other.env' } }).DPI).toBe(102);
    expect(loadSettings({ file, env: { PRESSMARK_SETTINGS: 'other.env' } }).DPI).toBe(103);
  });

  test('a file that was asked for and is not there is a mistake', () => {
    const { message } = mistakesOf(() => loadSettings({ file: 'no.env', env: {} }));
    expect(message).toMatch(/settings file=no\.env \(ENOENT.*\): must be a file that can be read/);
  });

  test('an old NCA file: keys that mean nothing here are named, not refused', () => {
    const settings = load('GHOSTSCRIPT=\'gs\'\nDB_PASSWORD=nca\nDPI="250"\n');
    expect(settings).toMatchObject({ DPI: 250, ignoredKeys: ['GHOSTSCRIPT', 'DB_PASSWORD'] });
    expect(IGNORED_NCA_KEYS.filter((key) => SETTING_KEYS.some((known) => known === key))).toEqual([]);
  });
});

describe('the form of the file', () => {
  test('comments, blank lines, one level of quotes, Windows line ends', () => {
    const text = `\uFEFF# first\r\n\r\n  WORKFLOW_PATH = "/a b/#c" # said why\r\nPDF_UPLOAD_PATH='/it is "so"'\r\nSCAN_UPLOAD_PATH=/x#y # z\r\nDPI=# none`;
    expect(load(text)).toMatchObject({
      WORKFLOW_PATH: '/a b/#c',
      PDF_UPLOAD_PATH: '/it is "so"',
      SCAN_UPLOAD_PATH: '/x#y',
      DPI: 200,
    });
  });

  test('any path survives in quotes', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/["\r\n\0/]/.test(text) && !/^\.+$/.test(text));
    fc.assert(fc.property(name, (text) => load(`WORKFLOW_PATH="/${text}"`).WORKFLOW_PATH === `/${text}`));
  });
});

describe('a wrong file', () => {
  test('all mistakes in one message, each with key, value, what is right and where it is written', () => {
    const text = [
      'DPI=20',
      'QUALITY=best',
      'WORKFLW_PATH=/x',
      'QUEUES=io=1,gpu=2',
      'LISTEN_NOTIFY=yes',
      'RUNNER_LEASE=60',
      'STAGING_AGENT=somewhere',
      'NEWS_WEBROOT=ftp://news.edu',
      'DATABASE_URL=mysql://me:secret@host/db',
      'SOME_PASSWORD=secret',
      'POLL_INTERVAL="1s',
      'what is this',
      'MAX_BATCH_SIZE=1',
      'MAX_BATCH_SIZE=2',
    ].join('\n');
    const error = mistakesOf(() => load(text, { NCA_LOG_LEVEL: 'loud' }));
    const places = error.mistakes.map(({ key, source }) => [key, source.replace(file, 'file')]);
    expect(places).toEqual([
      ['POLL_INTERVAL', 'file line 11'],
      ['what is this', 'file line 12'],
      ['MAX_BATCH_SIZE', 'file line 14'],
      ['WORKFLW_PATH', 'file line 3'],
      ['SOME_PASSWORD', 'file line 10'],
      ['DPI', 'file line 1'],
      ['QUALITY', 'file line 2'],
      ['NEWS_WEBROOT', 'file line 8'],
      ['STAGING_AGENT', 'file line 7'],
      ['DATABASE_URL', 'file line 9'],
      ['QUEUES', 'file line 4'],
      ['LISTEN_NOTIFY', 'file line 5'],
      ['RUNNER_LEASE', 'file line 6'],
      ['LOG_LEVEL', 'environment NCA_LOG_LEVEL'],
      ['MIN_BATCH_SIZE', 'the default'], // above MAX_BATCH_SIZE
    ]);
    expect(error.message).toContain('The settings have 15 mistakes:');
    expect(error.message).toContain(`DPI=20 (${file} line 1): must be a whole number of at least 72`);
    expect(error.message).toContain('DATABASE_URL=mysql://me:***@host/db');
    expect(error.message).not.toContain('secret');
  });

  test.each([
    ['MINIMUM_ISSUE_PAGES', ['0', '-1', '1.5', '2 pages', '1e3']],
    ['QUALITY', ['0', '101', '-5', '1,5']],
    ['PAGE_REVIEW_QUIET_TIME', ['1', '1d', 'h', '1h 30m', '-1h', 'soon']],
    ['PDF_BATCH_MARC_ORG_CODE', ['o r', '../x', 'a_b']],
    ['NEWS_WEBROOT', ['news.edu', 'https://', 'file:///x']],
    ['PRODUCTION_AGENT', ['host', 'host:0', 'host:70000', ':22', 'a b:22']],
    ['METRICS_ADDRESS', ['9464', ':9464', '127.0.0.1:0', 'http://127.0.0.1:9464']],
    ['STAGING_AGENT_HOST_KEY', ['SHA256:abc', 'MD5:00:11', 'a'.repeat(43)]],
    ['AGENT_USER', ['a b']],
    ['DATABASE_URL', ['host/db', 'http://host/db', 'postgres://one,two/db', 'postgres:///db?host=one,two']],
    ['REDIS_URL', ['host:6379', 'http://host', 'redis://', 'redis://host/news', 'redis://host/0?tls=1']],
    ['QUEUES', ['io', 'io=0', 'io=1,io=2', 'io=1001', 'disk=1', 'io=1,']],
  ])('%s refuses %j', (key, wrong) => {
    for (const value of wrong) {
      expect(mistakesOf(() => load(`${key}=${value}`)).mistakes).toMatchObject([{ key, value }]);
    }
  });

  test('areas inside one another, and a least batch above the most, are mistakes; neighbours are none', () => {
    const nested = mistakesOf(() => load('WORKFLOW_PATH=/news/wf\nPDF_UPLOAD_PATH=/news\n'));
    expect(nested.message).toContain('WORKFLOW_PATH=/news/wf');
    expect(nested.message).toContain('must not be inside PDF_UPLOAD_PATH, /news');
    const same = mistakesOf(() => load('WORKFLOW_PATH=/mnt/news/scans/'));
    expect(same.mistakes.map(({ key }) => key)).toEqual(['SCAN_UPLOAD_PATH', 'WORKFLOW_PATH']);
    const sizes = mistakesOf(() => load('MAX_BATCH_SIZE=100'));
    expect(sizes.message).toContain('MIN_BATCH_SIZE=5000 (the default): must not be above MAX_BATCH_SIZE, 100');
    expect(load('WORKFLOW_PATH=/news/wf\nPDF_UPLOAD_PATH=/news/wf2').WORKFLOW_PATH).toBe('/news/wf');
  });
});

describe('a Redis', () => {
  test('is named by REDIS_URL, with or without TLS, user, password and database number', () => {
    for (const url of ['redis://h', 'redis://h:1/15', 'rediss://u:p%40ss@[::1]:7/2', 'redis://:p@h'])
      expect(load(`REDIS_URL=${url}`).REDIS_URL).toBe(url);
    expect(load('REDIS_URL=').REDIS_URL).toBeUndefined();
  });

  test('has an authority of its own only over TLS', () => {
    expect(load('REDIS_URL=rediss://h\nREDIS_CA=/etc/ca.pem').REDIS_CA).toBe('/etc/ca.pem');
    const { mistakes } = mistakesOf(() => load('REDIS_URL=redis://h\nREDIS_CA=/etc/ca.pem'));
    expect(mistakes).toMatchObject([{ key: 'REDIS_CA', remedy: expect.stringContaining('rediss://') as string }]);
  });

  test.each([
    'redis://u:s3cret@h/x',
    'redis:u:s3cret@h',
    'u:s3cret@h',
    'redis//:s3cret@h:6379',
    'redis://:s3cret%zz@h',
  ])('shows no password when its address is wrong (%s)', (url) => {
    const { message } = mistakesOf(() => load(`REDIS_URL=${url}`));
    expect(message).toContain('REDIS_URL=');
    expect(message).not.toContain('s3cret');
  });
});

describe('values', () => {
  test.each([
    ['1h30m', 5400],
    ['90s', 90],
    ['1.5h', 5400],
    ['500ms', 0.5],
    ['0', 0],
  ])('the Go duration %s is %d seconds', (text, seconds) => {
    expect(load(`SHUTDOWN_GRACE=${text}`).SHUTDOWN_GRACE).toBeCloseTo(seconds);
  });

  test('agents, addresses, queues', () => {
    const text =
      'STAGING_AGENT=oni-agent:22\nPRODUCTION_AGENT=[::1]:2222\nDATABASE_URL=postgresql:///news?host=/run/postgresql\nQUEUES=cpu=16';
    expect(load(text)).toMatchObject({
      STAGING_AGENT: { host: 'oni-agent', port: 22 },
      PRODUCTION_AGENT: { host: '::1', port: 2222 },
      DATABASE_URL: 'postgresql:///news?host=/run/postgresql',
      QUEUES: { cpu: 16 },
    });
  });

  test('the host key of an agent, with or without padding', () => {
    const key = `SHA256:${'aB3+/'.repeat(8)}xyz`;
    const settings = load(`STAGING_AGENT_HOST_KEY=${key}\nPRODUCTION_AGENT_HOST_KEY=${key}=`);
    expect(settings).toMatchObject({ STAGING_AGENT_HOST_KEY: key, PRODUCTION_AGENT_HOST_KEY: key });
    expect(settings).toMatchObject({ AGENT_TRUST_ON_FIRST_USE: false, AGENT_USER: 'pressmark' });
  });

  test('--queues reads the same notation and says what is right', () => {
    expect(parseQueues('io=1, cpu=2')).toEqual({ io: 1, cpu: 2 });
    expect(() => parseQueues('gpu=1')).toThrow('"gpu=1" must be widths like io=1,cpu=2,fast=4,instant=4');
  });
});
