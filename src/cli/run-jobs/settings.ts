/** `run-jobs settings`: what counts, and why. */
import { loadSettings, showSettings, type ShownSetting } from '../../settings.js';
import { table } from '../table.js';

export interface ShownSettings {
  settings: ShownSetting[];
  /** Keys of NCA in the file that mean nothing here. Their values may be passwords, and are not shown. */
  ignoredKeys: readonly string[];
}

/** Of this call: the file that was named, else as `loadSettings` finds it. @throws SettingsError with all mistakes */
export function readShownSettings(file: string | undefined): ShownSettings {
  const from = { ...(file !== undefined && { file }), env: process.env };
  return { settings: showSettings(from), ignoredKeys: loadSettings(from).ignoredKeys };
}

export function settingsText({ settings, ignoredKeys }: ShownSettings): string {
  const rows = settings.map(({ key, value, source }) => [key, value, source]);
  const text = table(['SETTING', 'VALUE', 'FROM'], rows);
  return ignoredKeys.length === 0 ? text : `${text}\nOf NCA, and without meaning here: ${ignoredKeys.join(', ')}`;
}
