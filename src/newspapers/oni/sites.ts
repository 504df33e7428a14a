/** The two sites that show newspapers, and the ONI agent beside each (newspapers spec 8.3, 10). */
import type { Settings } from '../../settings.js';

export const SITES = ['staging', 'production'] as const;
export type Site = (typeof SITES)[number];

/** Where an agent is, and what it is recognised by. */
export interface AgentAddress {
  site: Site;
  host: string;
  port: number;
  /** `host:port`. */
  name: string;
  /** Its SHA-256 fingerprint, when the settings pin it. */
  pinnedKey: string | undefined;
  /** The setting that pins it, for messages. */
  keySetting: string;
}

const NAMES = {
  staging: { agent: 'STAGING_AGENT', key: 'STAGING_AGENT_HOST_KEY', web: 'STAGING_NEWS_WEBROOT' },
  production: { agent: 'PRODUCTION_AGENT', key: 'PRODUCTION_AGENT_HOST_KEY', web: 'NEWS_WEBROOT' },
} as const;

/** The setting that names the agent of a site, for messages. */
export const agentSetting = (site: Site): string => NAMES[site].agent;

/** The setting that names the address of a site, for messages. */
export const webSetting = (site: Site): string => NAMES[site].web;

/** The agent of a site; undefined when no setting names one. */
export function agentAddress(settings: Settings, site: Site): AgentAddress | undefined {
  const names = NAMES[site];
  const address = settings[names.agent];
  if (address === undefined) return undefined;
  const { host, port } = address;
  return { site, host, port, name: `${host}:${port}`, pinnedKey: settings[names.key], keySetting: names.key };
}

/** The address of a site without a slash at its end; undefined when no setting names it. */
export const webRoot = (settings: Settings, site: Site): string | undefined =>
  settings[NAMES[site].web]?.replace(/\/+$/, '');
