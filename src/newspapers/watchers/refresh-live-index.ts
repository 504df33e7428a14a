import { defineWatcher } from '../../engine/watcher.js';
import { readLiveIndex } from '../oni/read-live-index.js';
import { SiteReader } from '../oni/site-json.js';
import { webRoot } from '../oni/sites.js';

/**
 * Keeps what is live on the public site in the database, so that duplicates are found (newspapers spec 5.6). The first
 * look reads every batch, with pauses; each is kept at once, so that a look that is cut short is not for nothing.
 */
export const refreshLiveIndex = defineWatcher({
  name: 'refresh_live_index',
  every: '5 min',
  timeout: '6 h',
  async run({ db, settings, log, signal }) {
    const root = webRoot(settings, 'production');
    if (root === undefined) return;
    const { read, removed, listed, skipped } = await readLiveIndex({
      db,
      site: new SiteReader(root, signal),
      log,
      signal,
    });
    if (read + removed > 0)
      log.info(`the index of the live site: ${listed} batches, ${read} read, ${removed} gone, ${skipped} left out`);
  },
});
