/** Files that hold passwords or keys and are open to everybody on the host. */
import { statSync } from 'node:fs';
import { showSettings, type SettingsSource } from '../../settings.js';

const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o002;

/**
 * What a daemon warns of at its start: a sentence for each such file, with what mends it. A file of settings counts when it
 * holds a password. Files that are not there say nothing here: whoever needs them does.
 */
export function looseSecrets(from: SettingsSource): string[] {
  const secrets = new Map<string, string>();
  for (const { key, value, source } of showSettings(from)) {
    const file = / line \d+$/.test(source) ? source.replace(/ line \d+$/, '') : undefined;
    if (file !== undefined && value?.includes('***')) secrets.set(file, `the password of ${key}`);
    if (key === 'AGENT_CLIENT_KEY' && value !== null) secrets.set(value, `the private key of ${key}`);
  }
  return [...secrets].flatMap(([file, secret]) => {
    const mode = modeOf(file);
    const may = [...(mode & OTHERS_READ ? ['read'] : []), ...(mode & OTHERS_WRITE ? ['change'] : [])].join(' and ');
    return may === '' ? [] : [`every user of this host may ${may} ${file}, which holds ${secret}: chmod o= ${file}`];
  });
}

/** 0 of what cannot be looked at: nobody is warned of it then, and whoever needs it says so. */
function modeOf(file: string): number {
  try {
    return statSync(file).mode;
  } catch {
    return 0;
  }
}
