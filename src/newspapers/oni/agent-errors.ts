/** What goes wrong between us and an ONI agent (newspapers spec 8.3, 8.5). Each says which agent, what it was asked, why, and what helps. */
import { FatalError } from '../../engine/job.js';
import { agentSetting, type AgentAddress, type Site } from './sites.js';

/** What was asked of whom. */
export interface Asked {
  agent: AgentAddress;
  /** The command, e.g. "load-batch batch_oru_20260101Name_ver01". */
  command: string;
}

const called = ({ site, name }: AgentAddress): string => `the ${site} agent ${name}`;

/** What may be over at the next try. */
export abstract class AgentTrouble extends Error {
  constructor(
    readonly asked: Asked,
    reason: string,
    remedy: string,
  ) {
    super(`${called(asked.agent)} was asked ${JSON.stringify(asked.command)}: ${reason}; ${remedy}`);
  }
}

/** No connection, or none that speaks SSH. */
export class AgentUnreachable extends AgentTrouble {
  override name = 'AgentUnreachable';
  constructor(asked: Asked, reason: string) {
    const { site } = asked.agent;
    super(
      asked,
      `it cannot be reached (${reason})`,
      `see that it runs, that ${agentSetting(site)} names it and that no firewall is between; "bin/agent --site ${site} version" tries it`,
    );
  }
}

/** It took the command and did not answer in time. */
export class AgentSlow extends AgentTrouble {
  override name = 'AgentSlow';
  constructor(asked: Asked, seconds: number) {
    super(asked, `it did not answer within ${seconds} s`, 'see its log and the load of its host');
  }
}

/** The connection ended before the answer was whole. */
export class AgentClosed extends AgentTrouble {
  override name = 'AgentClosed';
  constructor(asked: Asked, reason: string) {
    super(
      asked,
      `it closed the connection in the middle of its answer (${reason})`,
      'it may have been restarted; see its log',
    );
  }
}

/** It answered what the protocol does not know. */
export class AgentTalksRubbish extends AgentTrouble {
  override name = 'AgentTalksRubbish';
  constructor(asked: Asked, reason: string) {
    super(
      asked,
      `its answer makes no sense (${reason})`,
      `see that an ONI agent listens there and not something else, and that its version is one that Pressmark knows`,
    );
  }
}

/** It said no, and why. */
export class AgentRefused extends AgentTrouble {
  override name = 'AgentRefused';
  /** @param said its own words */
  constructor(
    asked: Asked,
    readonly said: string,
  ) {
    super(asked, `it refused: ${said}`, `mend that on its host`);
  }
}

/** The agent shows another host key than the one that is trusted: somebody is between, or it was set up anew. */
export class WrongHostKey extends FatalError {
  override name = 'WrongHostKey';
  constructor(
    readonly agent: AgentAddress,
    readonly expected: string,
    readonly shown: string,
  ) {
    super(
      `${called(agent)} shows the host key ${shown}, and ${expected} is trusted: nothing was sent to it. ` +
        `If it was set up anew, compare with "ssh-keygen -lf" on its host, set ${agent.keySetting}=${shown}, restart run-jobs, and "bin/run-jobs requeue" this pipeline`,
    );
  }
}

/** Nobody has said which host key is the agent's. */
export class UnknownHostKey extends FatalError {
  override name = 'UnknownHostKey';
  constructor(
    readonly agent: AgentAddress,
    readonly shown: string,
  ) {
    super(
      `${called(agent)} shows the host key ${shown}, and none is trusted yet: nothing was sent to it. ` +
        `Compare with "ssh-keygen -lf" on its host and set ${agent.keySetting}=${shown} (or AGENT_TRUST_ON_FIRST_USE=true), restart run-jobs, and "bin/run-jobs requeue" this pipeline`,
    );
  }
}

/** It does not let us in. */
export class AgentLoginRefused extends FatalError {
  override name = 'AgentLoginRefused';
  constructor({ agent, command }: Asked, user: string, reason: string) {
    super(
      `${called(agent)} was to be asked ${JSON.stringify(command)}, but does not let ${user} in (${reason}); set AGENT_USER and AGENT_CLIENT_KEY to what it asks for`,
    );
  }
}

/** The private key of the settings cannot be used. */
export class ClientKeyUnusable extends FatalError {
  override name = 'ClientKeyUnusable';
  constructor(path: string, reason: string) {
    super(
      `the private key ${path} of AGENT_CLIENT_KEY cannot be used (${reason}); it must be in PEM or OpenSSH form, without a passphrase, readable by the user of run-jobs`,
    );
  }
}

/** No setting names the agent of that site. */
export class NoAgent extends FatalError {
  override name = 'NoAgent';
  constructor(site: Site) {
    super(
      `there is no ${site} agent: set ${agentSetting(site)}=host:port, restart run-jobs, and "bin/run-jobs requeue" this pipeline`,
    );
  }
}
