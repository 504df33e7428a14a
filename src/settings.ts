/**
 * The settings of every program (design 7; newspapers spec 10): a `KEY=value` file, overridden by the environment,
 * checked at start. NCA's names are kept, and an old NCA file is read as it is. `settings.example.env` documents each.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { z } from 'zod';

const QUEUE_NAMES = ['io', 'cpu', 'fast', 'instant'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** How many jobs of a queue one daemon runs side by side. A queue that is not named is not served by that daemon. */
export type Queues = Partial<Record<(typeof QUEUE_NAMES)[number], number>>;

const WIDTHS = `widths like io=1,cpu=2,fast=4,instant=4: queues from ${QUEUE_NAMES.join(', ')}, each once, with a whole number from 1 to 1000`;

/** One page of a big newspaper fills some 200 MB while it is encoded: cores beyond these are given only when asked for. */
const MOST_CPU_JOBS_BY_DEFAULT = 8;

/** A mapping from the text in the file to the value in the program; a text that it cannot map is a mistake. */
type Meaning<T> = (text: string) => T | undefined;

/** @param right what a right value is, for the message: "must be …" */
function optional<T>(right: string, meaning: Meaning<T>) {
  return z
    .string()
    .optional()
    .transform((text, context) => {
      const value = text === undefined ? undefined : meaning(text);
      if (text !== undefined && value === undefined) context.addIssue({ code: 'custom', message: `must be ${right}` });
      return value;
    });
}

function setting<T>(preset: string, right: string, meaning: Meaning<T>) {
  return z
    .string()
    .default(preset)
    .transform((text, context) => {
      const value = meaning(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: `must be ${right}` });
      return z.NEVER;
    });
}

/** An absolute path; a relative one counts from the working directory. */
const directory = (preset: string) =>
  setting(preset, 'the path of a directory', (text) => (text.includes('\0') ? undefined : resolve(text)));

const wholeNumber = (preset: string, least: number) =>
  setting(preset, `a whole number of at least ${least}`, (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    return value >= least ? value : undefined;
  });

const trueOrFalse = (preset: 'true' | 'false') =>
  setting(preset, 'true or false', (text) => (text === 'true' ? true : text === 'false' ? false : undefined));

/** Seconds. */
const duration = (preset: string, leastSeconds: number) =>
  setting(preset, `a duration of at least ${leastSeconds}s, like 48h, 1h30m or 90s`, (text) => {
    const seconds = parseGoDuration(text);
    return seconds !== undefined && seconds >= leastSeconds ? seconds : undefined;
  });

const webAddress: Meaning<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (url?.protocol === 'http:' || url?.protocol === 'https:') && url.hostname !== '' ? text : undefined;
};

const hostAndPort: Meaning<{ host: string; port: number }> = (text) => {
  const [, host, port] = /^(\[[\da-fA-F:.]+\]|[\w.-]+):(\d{1,5})$/.exec(text) ?? [];
  return host !== undefined && Number(port) >= 1 && Number(port) <= 65_535
    ? { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
    : undefined;
};

const FINGERPRINT = 'a SHA-256 fingerprint like SHA256:2ZJ... (43 characters), as ssh-keygen -l shows it';

/** Without the padding that some programs write. */
const fingerprint: Meaning<string> = (text) => /^(SHA256:[A-Za-z\d+/]{43})=?$/.exec(text)?.[1];

/** Of one host: the driver knows no list of them, and would look for a host of that name. */
const databaseAddress: Meaning<string> = (text) => {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const { hostname, searchParams } = new URL(text);
  return `${hostname}${searchParams.get('host') ?? ''}`.includes(',') ? undefined : text;
};

const redisAddress: Meaning<string> = (text) => {
  const url = /^rediss?:\/\//.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '' || url.search !== '' || url.hash !== '') return undefined;
  const hasBrokenEscape = /%(?![\da-fA-F]{2})/.test(url.username + url.password);
  return /^(\/\d{0,5})?$/.test(url.pathname) && !hasBrokenEscape ? text : undefined;
};

const schema = z.object({
  // Where newspapers come from, wait and are worked on.
  PDF_UPLOAD_PATH: directory('/mnt/news/sftp'),
  SCAN_UPLOAD_PATH: directory('/mnt/news/scans'),
  ORIGINAL_PDF_BACKUP_PATH: directory('/mnt/news/backup/originals'),
  PDF_PAGE_REVIEW_PATH: directory('/mnt/news/page-review'),
  WORKFLOW_PATH: directory('/mnt/news/workflow'),
  ERRORED_ISSUES_PATH: directory('/mnt/news/errors'),
  BATCH_OUTPUT_PATH: directory('/mnt/news/outgoing'),
  BATCH_PRODUCTION_PATH: directory('/mnt/news/production-batches'),
  BATCH_ARCHIVE_PATH: directory('/mnt/news/batch-archive'),

  // Intake and page review.
  MINIMUM_ISSUE_PAGES: wholeNumber('2', 1),
  PDF_BATCH_MARC_ORG_CODE: setting('oru', 'a MARC organization code: letters, digits, hyphens', (text) =>
    /^[A-Za-z\d-]+$/.test(text) ? text : undefined,
  ),
  DURATION_ISSUE_CONSIDERED_DANGEROUS: duration('48h', 0),
  DURATION_ISSUE_CONSIDERED_NEW: duration('336h', 0),
  PAGE_REVIEW_QUIET_TIME: duration('1h', 0),
  PAGE_REVIEW_RECHECK: duration('5m', 1),

  // Derivatives.
  DPI: wholeNumber('200', 72),
  QUALITY: setting('62.5', 'a number from 1 to 100', (text) => {
    const value = /^\d{1,3}(\.\d+)?$/.test(text) ? Number(text) : NaN;
    return value >= 1 && value <= 100 ? value : undefined;
  }),
  SCANNED_PDF_DPI: wholeNumber('150', 72),
  PDF_A: trueOrFalse('false'),

  // Batches and the sites that show them.
  MAX_BATCH_SIZE: wholeNumber('10000', 1),
  MIN_BATCH_SIZE: wholeNumber('5000', 1),
  NEWS_WEBROOT: optional('an http:// or https:// address', webAddress),
  STAGING_NEWS_WEBROOT: optional('an http:// or https:// address', webAddress),
  STAGING_AGENT: optional('host:port', hostAndPort),
  PRODUCTION_AGENT: optional('host:port', hostAndPort),
  STAGING_AGENT_HOST_KEY: optional(FINGERPRINT, fingerprint),
  PRODUCTION_AGENT_HOST_KEY: optional(FINGERPRINT, fingerprint),
  AGENT_TRUST_ON_FIRST_USE: trueOrFalse('false'),
  AGENT_USER: setting('pressmark', 'a user name without spaces', (text) => (/^\S+$/.test(text) ? text : undefined)),
  AGENT_CLIENT_KEY: optional('the path of a private key', (text) => (text.includes('\0') ? undefined : resolve(text))),
  PURGE_STAGING_AFTER_GO_LIVE: trueOrFalse('false'),

  // The daemon.
  DATABASE_URL: optional('like postgres://user:password@host:5432/database, of one host', databaseAddress),
  REDIS_URL: optional('like redis://user:password@host:6379/0, or rediss:// for TLS', redisAddress),
  REDIS_CA: optional('the path of a PEM file', (text) => (text.includes('\0') ? undefined : resolve(text))),
  VAR_DIRECTORY: directory('./var'),
  QUEUES: setting(defaultQueues(), WIDTHS, (text) => widths(text)),
  POLL_INTERVAL: duration('1s', 0.1),
  LISTEN_NOTIFY: trueOrFalse('true'),
  SHUTDOWN_GRACE: duration('30s', 0),
  RUNNER_LEASE: duration('60s', 1),
  METRICS_ADDRESS: optional('host:port, e.g. 127.0.0.1:9464', hostAndPort),
  LOG_LEVEL: setting('info', `one of ${LOG_LEVELS.join(', ')}`, (text) => LOG_LEVELS.find((level) => level === text)),
});

type Values = z.output<typeof schema>;
type Key = keyof Values;

/** The values by NCA's UPPER_CASE names: durations in seconds, directories as absolute paths, unset ones undefined. */
export interface Settings extends Values {
  /** Keys of NCA in the file that mean nothing to Pressmark: read over, to be named once at start. */
  ignoredKeys: readonly string[];
}

/** All names, in the order of `settings.example.env`. */
export const SETTING_KEYS = Object.keys(schema.shape) as Key[];

/** NCA settings (spec 10) of things that Pressmark does otherwise or not at all: its tools, web server, database, SFTPGo, templates. */
export const IGNORED_NCA_KEYS: readonly string[] = [
  ...['GHOSTSCRIPT', 'GRAPHICS_MAGICK', 'OPJ_COMPRESS', 'OPJ_DECOMPRESS', 'PDF_SEPARATE', 'PDF_TO_TEXT'],
  ...['WEBROOT', 'BIND_ADDRESS', 'IIIF_BASE_URL', 'APP_ROOT', 'ISSUE_CACHE_PATH', 'MARC_LOCATION_1', 'MARC_LOCATION_2'],
  ...['DB_HOST', 'DB_PORT', 'DB_USER', 'DB_PASSWORD', 'DB_DATABASE'],
  ...['SFTPGO_API_URL', 'SFTPGO_ADMIN_API_KEY', 'SFTPGO_NEW_USER_QUOTA'],
  ...['METS_XML_TEMPLATE_PATH', 'BATCH_XML_TEMPLATE_PATH'],
];

/** One thing that is wrong with the settings. */
export interface SettingsMistake {
  key: string;
  value: string;
  /** What would be right. */
  remedy: string;
  /** Where it is written, e.g. "settings.env line 12" or "environment". */
  source: string;
}

/** Everything that is wrong with the settings, in one message; programs end with exit code 2. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  constructor(readonly mistakes: readonly SettingsMistake[]) {
    const lines = mistakes.map(({ key, value, remedy, source }) => `  ${key}=${value} (${source}): ${remedy}`);
    super(
      `The settings have ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n${lines.join('\n')}`,
    );
  }
}

interface Entry {
  value: string;
  source: string;
}

/**
 * Reads and checks the settings.
 *
 * The file is `file` (of `--settings`), else `PRESSMARK_SETTINGS` of the environment, else `./settings.env` when there
 * is one. The environment overrides it, as `NCA_<KEY>` or, after that, as `<KEY>`. An empty value counts as not given.
 *
 * @throws {SettingsError} with every mistake at once
 */
export function loadSettings(from: SettingsSource): Settings {
  return readSettings(from).settings;
}

export interface SettingsSource {
  file?: string;
  env: NodeJS.ProcessEnv;
}

/** A setting as people may see it. */
export interface ShownSetting {
  key: string;
  /** As it was written, passwords masked, directories as absolute paths; null: not set, and there is no default. */
  value: string | null;
  /** e.g. "settings.env line 12", "environment NCA_DPI", "default". */
  source: string;
}

/**
 * Every setting that counts, and where it comes from, in the order of `settings.example.env`.
 *
 * @throws {SettingsError} as `loadSettings` does
 */
export function showSettings(from: SettingsSource): ShownSetting[] {
  const { settings, entryOf } = readSettings(from);
  return SETTING_KEYS.map((key) => {
    const { in: given } = schema.shape[key];
    const entry = entryOf(key);
    const text = entry?.value ?? ('defaultValue' in given.def ? given.def.defaultValue : null);
    const value = typeof settings[key] === 'string' ? settings[key] : text;
    return { key, value: value && shown(key, value), source: entry?.source ?? 'default' };
  });
}

function readSettings({ file, env }: SettingsSource) {
  const mistakes: SettingsMistake[] = [];
  const entries = readFile(file ?? (env['PRESSMARK_SETTINGS'] || undefined), mistakes);
  const known = new Set<string>(SETTING_KEYS);
  const ignoredKeys = [...entries.keys()].filter((key) => IGNORED_NCA_KEYS.includes(key));
  for (const [key, { value, source }] of entries) {
    if (known.has(key) || ignoredKeys.includes(key)) continue;
    mistakes.push({
      key,
      value: shown(key, value),
      source,
      remedy: 'there is no such setting; settings.example.env lists all',
    });
  }

  const values: Partial<Record<Key, unknown>> = {};
  const entryOf = (key: Key): Entry | undefined => {
    for (const name of [`NCA_${key}`, key]) if (env[name]) return { value: env[name], source: `environment ${name}` };
    const entry = entries.get(key);
    return entry?.value === '' ? undefined : entry;
  };
  for (const key of SETTING_KEYS) {
    const entry = entryOf(key);
    const parsed = schema.shape[key].safeParse(entry?.value);
    values[key] = parsed.data;
    if (!parsed.success && entry) {
      mistakes.push({ key, ...entry, value: shown(key, entry.value), remedy: parsed.error.issues[0]?.message ?? '' });
    }
  }
  const settings: Settings = { ...(values as Values), ignoredKeys }; // whole when there is no mistake; a wrong one is undefined and clashes with nothing
  mistakes.push(...clashes(settings, entryOf));
  if (mistakes.length > 0) throw new SettingsError(mistakes);
  return { settings, entryOf };
}

/**
 * Widths of queues, from `QUEUES` or `--queues`.
 *
 * @example
 * parseQueues('io=1,cpu=2'); // { io: 1, cpu: 2 }: a daemon that serves only these two
 * @throws {Error} saying what is right
 */
export function parseQueues(text: string): Queues {
  const queues = widths(text);
  if (!queues) throw new Error(`${JSON.stringify(text)} must be ${WIDTHS}`);
  return queues;
}

function defaultQueues(): string {
  return `io=1,cpu=${Math.min(MOST_CPU_JOBS_BY_DEFAULT, availableParallelism())},fast=4,instant=4`;
}

function widths(text: string): Queues | undefined {
  const queues: Queues = {};
  for (const part of text.split(',')) {
    const [, name, width] = /^\s*(\w+)\s*=\s*(\d{1,4})\s*$/.exec(part) ?? [];
    const queue = QUEUE_NAMES.find((known) => known === name);
    if (queue === undefined || queues[queue] !== undefined || Number(width) < 1 || Number(width) > 1000)
      return undefined;
    queues[queue] = Number(width);
  }
  return queues;
}

const SECONDS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** Seconds of a Go duration (NCA's notation) like 48h, 1h30m, 1.5h, 90s, 500ms; undefined for anything else. */
function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g);
  return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (SECONDS[unit ?? ''] ?? NaN), 0);
}

/** Mistakes that only two settings together make. */
function clashes(settings: Values, entryOf: (key: Key) => Entry | undefined): SettingsMistake[] {
  const mistake = (key: Key, value: string | number, remedy: string): SettingsMistake => ({
    key,
    remedy,
    ...(entryOf(key) ?? { value: String(value), source: 'the default' }),
  });
  const { MIN_BATCH_SIZE: least, MAX_BATCH_SIZE: most } = settings;
  const found = least > most ? [mistake('MIN_BATCH_SIZE', least, `must not be above MAX_BATCH_SIZE, ${most}`)] : [];
  if (settings.REDIS_CA !== undefined && settings.REDIS_URL?.startsWith('rediss:') !== true)
    found.push(mistake('REDIS_CA', settings.REDIS_CA, 'counts only with a REDIS_URL that begins with rediss://'));
  const areas = Object.entries(settings).filter(([key, path]) => key.endsWith('_PATH') && path !== undefined) as [
    Key,
    string,
  ][]; // all of them directories
  for (const [inner, path] of areas) {
    const outer = areas.find(([other, parent]) => other !== inner && isWithin(path, parent));
    if (outer) found.push(mistake(inner, path, `must not be inside ${outer[0]}, ${outer[1]}, nor the same directory`));
  }
  return found;
}

function isWithin(path: string, parent: string): boolean {
  const way = relative(parent, path);
  return way !== '..' && !way.startsWith('../');
}

/** The value as a message may show it: without passwords, also of an address that is mistyped, and in its query. */
function shown(key: string, value: string): string {
  if (/PASSW|SECRET|TOKEN|API_KEY/i.test(key) && value !== '') return '***';
  const withoutQuery = value.replace(/([?&;]\s*password=)[^&#]*/gi, '$1***');
  const withoutPassword = withoutQuery.replace(/(:\/\/[^:/@]*):.*@/s, '$1:***@');
  // an address whose beginning is mistyped may still hold one; one of a user alone does not
  const isAddress = (/URL$/i.test(key) || value.includes('://')) && !/^postgres(ql)?:\/\/[\w.-]+@[^@]*$/.test(value);
  return isAddress && withoutPassword === withoutQuery ? withoutQuery.replace(/^.*@/s, '***@') : withoutPassword;
}

/** Reads the lines of the file: `#` comments, one level of quotes, nothing is substituted. */
function readFile(asked: string | undefined, mistakes: SettingsMistake[]): Map<string, Entry> {
  const file = asked ?? 'settings.env';
  const entries = new Map<string, Entry>();
  if (asked === undefined && !existsSync(file)) return entries;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const source = (error as Error).message;
    mistakes.push({ key: 'settings file', value: file, source, remedy: 'must be a file that can be read' });
    return entries;
  }
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const source = `${file} line ${index + 1}`;
    if (/^\s*(#|$)/.test(line)) continue;
    const [, key, rest = ''] = /^\s*(\w+)\s*=\s*(.*)$/s.exec(line) ?? [];
    const value = key === undefined ? undefined : unquoted(rest);
    if (key === undefined || value === undefined) {
      const mayHoldPassword = /[:@]|PASSW|SECRET|TOKEN|API_KEY/i.test(line);
      const begins = key ?? (mayHoldPassword ? /[\w.-]*/.exec(line.trim())?.[0] : line.trim()) ?? '';
      mistakes.push({ key: begins, value: shown(begins, rest), source, remedy: 'must read KEY=value, quotes closed' });
    } else if (entries.has(key)) {
      const remedy = `is also set at ${entries.get(key)?.source ?? ''}; keep one`;
      mistakes.push({ key, value: shown(key, value), source, remedy });
    } else {
      entries.set(key, { value, source });
    }
  }
  return entries;
}

/** The value without its quotes and without a comment behind it; undefined when a quote is not closed. */
function unquoted(text: string): string | undefined {
  const [, double, single] = /^(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?$/s.exec(text) ?? [];
  const value = double ?? single;
  if (value !== undefined) return value;
  return /^["']/.test(text) ? undefined : text.replace(/(^|\s)#.*$/s, '').trim();
}
