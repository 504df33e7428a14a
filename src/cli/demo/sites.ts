/** The staging and the production site of the demo: two agents that answer over SSH, and what readers would see. */
import { appendFile } from 'node:fs/promises';
import { startFakeAgent, type FakeAgent } from '../../newspapers/oni/fake-agent/fake-agent.js';
import { startFakeSite, type FakeSite } from '../../newspapers/oni/fake-agent/fake-site.js';
import type { Places } from './stage.js';

export interface Sites {
  stop: () => Promise<void>;
}

/** Starts both, and tells the programs where they are. They keep in memory what they have loaded. */
export async function startSites({ live, settingsFile }: Places): Promise<Sites> {
  const [staging, production] = [await startSite(live), await startSite(live)];
  const settings = {
    STAGING_AGENT: staging.agent.address,
    STAGING_AGENT_HOST_KEY: staging.agent.fingerprint,
    STAGING_NEWS_WEBROOT: staging.site.url,
    PRODUCTION_AGENT: production.agent.address,
    PRODUCTION_AGENT_HOST_KEY: production.agent.fingerprint,
    NEWS_WEBROOT: production.site.url,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}="${value}"\n`);
  await appendFile(settingsFile, lines.join(''));
  const all = [staging, production].flatMap(({ agent, site }) => [agent, site]);
  return {
    stop: async () => {
      for (const each of all) await each.stop();
    },
  };
}

async function startSite(batchSource: string): Promise<{ agent: FakeAgent; site: FakeSite }> {
  const agent = await startFakeAgent({ batchSource });
  return { agent, site: await startFakeSite({ oni: agent.world.oni }) };
}
