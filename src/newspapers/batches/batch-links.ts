import { webRoot } from '../oni/sites.js';
import type { Settings } from '../../settings.js';

/** Where people look at a batch (newspapers spec 8.1); undefined when no setting names the site. */
export interface BatchLinks {
  staging: string | undefined;
  production: string | undefined;
}

export function batchLinks(fullName: string, settings: Settings): BatchLinks {
  const link = (root: string | undefined) => (root === undefined ? undefined : `${root}/batches/${fullName}/`);
  return { staging: link(webRoot(settings, 'staging')), production: link(webRoot(settings, 'production')) };
}
