/** The ONI agent's commands as functions (newspapers spec 8.3). */
import { readFile } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import type { z } from 'zod';
import type { DB } from '../../database/database.js';
import type { Settings } from '../../settings.js';
import {
  AgentClosed,
  AgentLoginRefused,
  AgentRefused,
  AgentSlow,
  AgentTalksRubbish,
  AgentUnreachable,
  ClientKeyUnusable,
  NoAgent,
  type Asked,
} from './agent-errors.js';
import { PAYLOAD_END, quoteCommand } from './command-line.js';
import { hostKeyCheck } from './host-keys.js';
import {
  jobIdReply,
  jobReply,
  jobsReply,
  logsReply,
  messageReply,
  parseReply,
  versionReply,
  type AgentJob,
} from './replies.js';
import { agentAddress, type AgentAddress, type Site } from './sites.js';
import { sshCall, SshCallFailed, type SshAnswer } from './ssh-call.js';

/** NCA waits as long for a connection. Validating a batch of thousands of issues before the answer takes a while. */
const WAITS = { dialSeconds: 10, answerSeconds: 120 };

/** The log of a big load has a hundred thousand lines or so; a job of a list takes some 200 bytes. */
const MAX_LOG_BYTES = 32 * 1024 * 1024;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** The agent of one site. Every call may throw what `agent-errors.ts` lists. */
export interface Agent {
  address: AgentAddress;
  version: () => Promise<string>;
  /** @returns the id of its job; -1: there is nothing to do */
  loadBatch: (fullName: string) => Promise<number>;
  /** @returns the id of its job; -1: there is nothing to do */
  purgeBatch: (fullName: string) => Promise<number>;
  /** Makes the organisation known to the site, unless it is. @returns what it said */
  ensureAwardee: (code: string, name: string) => Promise<string>;
  /** @param marc MARCXML of one title, in whatever encoding it declares @returns the id of its job */
  loadTitle: (marc: Uint8Array) => Promise<number>;
  jobStatus: (id: number) => Promise<AgentJob>;
  /** Everything that the job wrote, in order of time. */
  jobLogs: (id: number) => Promise<string[]>;
  listJobs: () => Promise<AgentJob[]>;
}

export interface AgentOptions {
  signal: AbortSignal;
  dialSeconds?: number;
  answerSeconds?: number;
}

/**
 * The agent of a site; nothing is sent yet.
 *
 * @throws NoAgent
 */
export function openAgent(db: Kysely<DB>, settings: Settings, site: Site, options: AgentOptions): Agent {
  const address = agentAddress(settings, site);
  if (!address) throw new NoAgent(site);
  const ask = async <T>(words: readonly string[], schema: z.ZodType<T>, payload?: Uint8Array): Promise<T> => {
    const asked = { agent: address, command: words.join(' ') };
    const { stdout, isWhole } = await call(db, settings, asked, words, payload, options);
    const reply = parseReply(stdout, schema);
    if (reply.said === 'success') return reply.value;
    if (reply.said === 'error') throw new AgentRefused(asked, reply.message);
    throw isWhole ? new AgentTalksRubbish(asked, reply.reason) : new AgentClosed(asked, reply.reason);
  };
  return {
    address,
    version: async () => (await ask(['version'], versionReply)).version,
    loadBatch: async (fullName) => (await ask(['load-batch', fullName], jobIdReply)).job.id,
    purgeBatch: async (fullName) => (await ask(['purge-batch', fullName], jobIdReply)).job.id,
    ensureAwardee: async (code, name) => (await ask(['ensure-awardee', code, name], messageReply)).message,
    loadTitle: async (marc) => (await ask(['load-title'], jobIdReply, marc)).job.id,
    jobStatus: async (id) => (await ask(['job-status', String(id)], jobReply)).job,
    jobLogs: async (id) => {
      const { job } = await ask(['job-logs', String(id)], logsReply);
      return [...job.stdout, ...job.stderr].sort(); // each line begins with its time
    },
    listJobs: async () => (await ask(['list-jobs'], jobsReply)).jobs,
  };
}

async function call(
  db: Kysely<DB>,
  settings: Settings,
  asked: Asked,
  words: readonly string[],
  payload: Uint8Array | undefined,
  options: AgentOptions,
): Promise<SshAnswer> {
  const waits = { ...WAITS, ...options };
  const { check, keep } = await hostKeyCheck(db, asked.agent, settings.AGENT_TRUST_ON_FIRST_USE);
  const privateKey = await clientKey(settings);
  const { host, port } = asked.agent;
  const maxBytes = words[0] === 'job-logs' ? MAX_LOG_BYTES : MAX_ANSWER_BYTES;
  try {
    return await sshCall({
      ...{ host, port, user: settings.AGENT_USER, ...waits, maxBytes },
      ...(privateKey && { privateKey }),
      ...(payload !== undefined && { input: Buffer.concat([payload, Buffer.from(PAYLOAD_END)]) }),
      command: quoteCommand(words),
      checkHostKey: check,
      proven: keep,
    });
  } catch (error) {
    throw error instanceof SshCallFailed ? explained(error, asked, settings.AGENT_USER, waits) : error;
  }
}

function explained(error: SshCallFailed, asked: Asked, user: string, waits: { answerSeconds: number }): Error {
  switch (error.end) {
    case 'unreachable':
      return new AgentUnreachable(asked, error.message);
    case 'login refused':
      return new AgentLoginRefused(asked, user, error.message);
    case 'slow':
      return new AgentSlow(asked, waits.answerSeconds);
    case 'closed':
      return new AgentClosed(asked, error.message);
    case 'too long':
      return new AgentTalksRubbish(asked, error.message);
  }
}

/** @throws ClientKeyUnusable */
async function clientKey({ AGENT_CLIENT_KEY: path }: Settings): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  const { default: ssh2 } = await import('ssh2');
  const key = await readFile(path).catch((error: unknown) => {
    throw new ClientKeyUnusable(path, (error as Error).message);
  });
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) throw new ClientKeyUnusable(path, parsed.message);
  return key;
}
