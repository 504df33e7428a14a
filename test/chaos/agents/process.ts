/** The process of the two agents and their sites: started by `ForkedAgents`, killed at any moment, started again. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { checkForOni } from '../../../src/newspapers/batch-files/oni-rules.js';
import { newKeyPair, startFakeAgent, type FakeAgent } from '../../../src/newspapers/oni/fake-agent/fake-agent.js';
import { startFakeSite } from '../../../src/newspapers/oni/fake-agent/fake-site.js';
import { freePort } from '../../support/ports.js';
import { KeptOni, type KeptSite } from './kept-oni.js';
import type { AgentSettings, AgentsOrder, FromAgents } from './protocol.js';

const order = JSON.parse(process.argv[2] ?? '') as AgentsOrder; // written by ForkedAgents
const former = existsSync(order.stateFile)
  ? (JSON.parse(readFileSync(order.stateFile, 'utf8')) as KeptSite[]) // written below
  : [];
const sites: KeptSite[] = [];
const onis: KeptOni[] = [];
const agents: FakeAgent[] = [];
const settings: AgentSettings[] = [];

function keep(): void {
  const all = sites.map((site, at) => {
    const oni = onis[at];
    const { batches, awardees, story } = oni ?? site;
    return { ...site, batches: [...batches.values()], awardees: [...awardees], story };
  });
  writeFileSync(`${order.stateFile}.new`, JSON.stringify(all));
  renameSync(`${order.stateFile}.new`, order.stateFile);
}

for (const at of [0, 1]) {
  // staging, production
  const known: Partial<KeptSite> = former[at] ?? {};
  const { hostKey = newKeyPair(ssh2.utils).private } = known;
  const port = known.port ?? (await freePort(order.host)); // it is had again after a restart
  const oni = new KeptOni(known, keep);
  const agent = await startFakeAgent({
    ...{ batchSource: order.batchSource, host: order.host, port, hostKey, oni },
    checkForOni: async (directory, awardees) => {
      await sleep(order.loadMs); // a real load takes minutes: it can be met by its end
      return checkForOni(directory, { awardees });
    },
  });
  const site = await startFakeSite({ oni, host: order.host, port: known.webPort ?? (await freePort(order.host)) });
  agents.push(agent);
  onis.push(oni);
  sites.push({
    port: agent.port,
    webPort: Number(new URL(site.url).port),
    hostKey,
    batches: [],
    awardees: [],
    story: [],
  });
  settings.push({ agent: agent.address, fingerprint: agent.fingerprint, webroot: site.url });
}
keep();

const tell = (message: FromAgents) => process.send?.(message);
tell({ kind: 'up', settings });
let told = 0;
setInterval(() => {
  const isUnderWay = (status: string) => status === 'pending' || status === 'started';
  const jobs = agents.reduce((sum, { world }) => sum + world.queue.jobs.filter((j) => isUnderWay(j.status)).length, 0);
  if (jobs !== told) tell({ kind: 'busy', jobs });
  told = jobs;
}, 20);
process.on('disconnect', () => process.exit(0));
