/** Which host key an agent must show (newspapers spec W28). */
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { UnknownHostKey, WrongHostKey } from './agent-errors.js';
import type { AgentAddress } from './sites.js';

/** What decides about a key that an agent shows. */
export interface HostKeyCheck {
  /** @throws WrongHostKey, UnknownHostKey */
  check: (fingerprint: string) => void;
  /** Keeps the key that an agent showed first, once it has proved that it is its own. @throws WrongHostKey when another process met another key */
  keep: (fingerprint: string) => Promise<void>;
}

/**
 * The key of the settings; else the one that was kept when the agent was first spoken to; else, only when first use is
 * to be trusted, whichever it shows.
 */
export async function hostKeyCheck(
  db: Kysely<DB>,
  agent: AgentAddress,
  trustOnFirstUse: boolean,
): Promise<HostKeyCheck> {
  const expected = agent.pinnedKey ?? (await keptKey(db, agent));
  return {
    check(fingerprint) {
      if (expected === undefined && !trustOnFirstUse) throw new UnknownHostKey(agent, fingerprint);
      if (expected !== undefined && expected !== fingerprint) throw new WrongHostKey(agent, expected, fingerprint);
    },
    async keep(fingerprint) {
      if (expected !== undefined) return;
      await db
        .insertInto('newspapers.agent_host_keys')
        .values({ agent: agent.name, fingerprint })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const kept = await keptKey(db, agent);
      if (kept !== undefined && kept !== fingerprint) throw new WrongHostKey(agent, kept, fingerprint);
    },
  };
}

async function keptKey(db: Kysely<DB>, { name }: AgentAddress): Promise<string | undefined> {
  const rows = db.selectFrom('newspapers.agent_host_keys').select('fingerprint').where('agent', '=', name);
  return (await rows.executeTakeFirst())?.fingerprint;
}
