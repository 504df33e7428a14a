import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { openAgent, type Agent, type AgentOptions } from '../../../src/newspapers/oni/agent-client.js';
import {
  AgentClosed,
  AgentLoginRefused,
  AgentRefused,
  AgentSlow,
  AgentTalksRubbish,
  AgentTrouble,
  AgentUnreachable,
  ClientKeyUnusable,
  NoAgent,
  UnknownHostKey,
  WrongHostKey,
} from '../../../src/newspapers/oni/agent-errors.js';
import { newKeyPair, type FakeAgent } from '../../../src/newspapers/oni/fake-agent/fake-agent.js';
import type { Settings } from '../../../src/settings.js';
import { rows, testSettings, until, useDatabase } from '../../engine/support.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { givenAgent, settingsFor, TWO_ISSUES, writeBatch } from './stage.js';

const own = useDatabase();
const NAME = 'batch_mwa_20260101Name_ver01';
let fake: FakeAgent;
beforeEach(async () => {
  await rows(own, 'truncate newspapers.agent_host_keys');
  fake = await givenAgent();
});

const open = (more: Partial<Settings> = {}, options: Partial<AgentOptions> = {}): Agent =>
  openAgent(own.database.kysely, settingsFor(fake, more), 'staging', {
    signal: new AbortController().signal,
    ...options,
  });

const thrownBy = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error: unknown) => error as Error,
  );

/** Whatever happened, nothing stays open. */
const untilHungUp = () => until('the connection is closed', () => fake.openConnections === 0);

describe('the commands (newspapers spec 8.3)', () => {
  test('version; each call has a connection of its own, and closes it (W28)', async () => {
    expect(await open().version()).toBe('fake 1.0');
    await untilHungUp();
    expect(fake.asked).toEqual([['version']]);
  });

  test('load and purge give the id of a job, or -1 where there is nothing to do', async () => {
    await writeBatch(join(fake.world.batchSource, NAME), TWO_ISSUES);
    const agent = open();
    expect(await agent.purgeBatch(NAME)).toBe(-1);
    expect(await agent.ensureAwardee('mwa', 'American "Antiquarian" \\ Society')).toBe('Awardee created');
    expect(fake.world.oni.awardees.get('mwa')).toBe('American "Antiquarian" \\ Society');
    expect(await agent.ensureAwardee('mwa', 'x')).toBe('Awardee already exists');
    expect(await agent.loadBatch(NAME)).toBe(1);
    await fake.world.queue.idle();
    expect(await agent.jobStatus(1)).toMatchObject({ id: 1, status: 'successful' });
    expect(await agent.loadBatch(NAME)).toBe(-1);
    expect(await agent.jobStatus(-1)).toMatchObject({ status: 'successful' });
    expect(await agent.purgeBatch(NAME)).toBe(2);
    expect((await agent.listJobs()).map(({ id }) => id)).toEqual([1, 2]);
  });

  test('job-logs: what it wrote to both outputs, in order of time', async () => {
    fake.world.queue.add('x', ({ out, err }) => {
      out('one');
      err('two');
      out('three');
      return Promise.resolve();
    });
    await fake.world.queue.idle();
    const lines = await open().jobLogs(1);
    expect(lines.map((line) => line.replace(/^\[[-\dT:.]+\d{9}Z\] /, ''))).toEqual(['one', 'two', 'three']);
  });

  test('load-title sends the record', async () => {
    const field = (tag: string, text: string) =>
      `<datafield tag="${tag}"><subfield code="a">${text}</subfield></datafield>`;
    const marc = `<record>${field('010', 'sn 11111111')}${field('245', 'Daily “News”')}${field('260', 'Chicopee')}</record>`;
    expect(await open().loadTitle(Buffer.from(marc))).toBe(1);
    await fake.world.queue.idle();
    expect([...fake.world.oni.titles]).toEqual([['sn11111111', 'Daily “News”']]);
  });

  test('what it refuses is told in its own words', async () => {
    const error = await thrownBy(open().loadBatch('batch_mwa_Nothing_ver01'));
    expect(error).toBeInstanceOf(AgentRefused);
    expect(error.message).toMatch(
      /^the staging agent 127\.0\.0\.1:\d+ was asked "load-batch batch_mwa_Nothing_ver01": it refused: batch_mwa_Nothing_ver01 cannot be loaded: .*ENOENT.*; mend that/,
    );
    expect((await thrownBy(open().jobStatus(7))).message).toMatch(/Job not found/);
    await untilHungUp();
  });
});

describe('its host key (W28)', () => {
  test('W28: another key than the pinned one is fatal, names both and the setting, and nothing is sent', async () => {
    const pinned = `SHA256:${'A'.repeat(43)}`;
    const error = await thrownBy(open({ STAGING_AGENT_HOST_KEY: pinned }).version());
    expect(error).toBeInstanceOf(WrongHostKey);
    expect(error).toBeInstanceOf(FatalError);
    for (const named of [pinned, fake.fingerprint, 'STAGING_AGENT_HOST_KEY', 'bin/run-jobs requeue'])
      expect(error.message).toContain(named);
    expect(fake.asked).toEqual([]);
    await untilHungUp();
  });

  test('W28: none is trusted before somebody says so', async () => {
    const error = await thrownBy(open({ STAGING_AGENT_HOST_KEY: undefined }).version());
    expect(error).toBeInstanceOf(UnknownHostKey);
    expect(error.message).toContain(`STAGING_AGENT_HOST_KEY=${fake.fingerprint}`);
    expect(fake.asked).toEqual([]);
    expect(await rows(own, 'select from newspapers.agent_host_keys')).toEqual([]);
  });

  test('trusted on first use: kept, and from then on no other is taken, whatever the setting says', async () => {
    const unpinned = { STAGING_AGENT_HOST_KEY: undefined, AGENT_TRUST_ON_FIRST_USE: true };
    await open(unpinned).version();
    expect(await rows(own, 'select agent, fingerprint from newspapers.agent_host_keys')).toEqual([
      { agent: fake.address, fingerprint: fake.fingerprint },
    ]);
    expect(await open({ STAGING_AGENT_HOST_KEY: undefined }).version()).toBe('fake 1.0');
    const { port, fingerprint } = fake;
    await fake.stop();
    fake = await givenAgent({ port });
    const error = await thrownBy(open(unpinned).version());
    expect(error).toBeInstanceOf(WrongHostKey);
    expect(error.message).toContain(fingerprint);
    expect(await open().version()).toBe('fake 1.0'); // the setting says that the new one is right
  });
});

describe('the login', () => {
  test('by a private key where the agent asks for one', async () => {
    const pair = newKeyPair(ssh2.utils);
    fake = await givenAgent({ onlyFor: pair.public });
    const AGENT_CLIENT_KEY = join(await temporaryDirectory(), 'key');
    await writeFile(AGENT_CLIENT_KEY, pair.private);
    expect(await open({ AGENT_CLIENT_KEY }).version()).toBe('fake 1.0');
    const error = await thrownBy(open({ AGENT_USER: 'ann' }).version());
    expect(error).toBeInstanceOf(AgentLoginRefused);
    expect(error.message).toMatch(/does not let ann in .*AGENT_USER and AGENT_CLIENT_KEY/);
    await untilHungUp();
  });

  test('a key that is not there, or none, is named', async () => {
    const missing = await thrownBy(open({ AGENT_CLIENT_KEY: '/no/key' }).version());
    expect(missing).toBeInstanceOf(ClientKeyUnusable);
    expect(missing.message).toMatch(/\/no\/key of AGENT_CLIENT_KEY .*ENOENT/);
    expect(await thrownBy(open({ AGENT_CLIENT_KEY: '/etc/hostname' }).version())).toBeInstanceOf(ClientKeyUnusable);
  });
});

describe('an agent in trouble (newspapers spec 8.5)', () => {
  const troubleOf = async (work: Promise<unknown>): Promise<Error> => {
    const error = await thrownBy(work);
    expect(error).toBeInstanceOf(AgentTrouble);
    expect(error).not.toBeInstanceOf(FatalError);
    return error;
  };

  test('unreachable: the port is closed', async () => {
    await fake.stop();
    const error = await troubleOf(open().version());
    expect(error).toBeInstanceOf(AgentUnreachable);
    expect(error.message).toMatch(
      /^the staging agent 127\.0\.0\.1:\d+ was asked "version": .*ECONNREFUSED.*STAGING_AGENT/,
    );
  });

  test('unreachable: something listens and says nothing', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const error = await troubleOf(open({ STAGING_AGENT: { host: '127.0.0.1', port } }, { dialSeconds: 0.2 }).version());
    expect(error).toBeInstanceOf(AgentUnreachable);
  });

  test('slow: it takes the command and does not answer', async () => {
    fake.misbehave('silent');
    const error = await troubleOf(open({}, { answerSeconds: 0.2 }).version());
    expect(error).toBeInstanceOf(AgentSlow);
    expect(error.message).toContain('did not answer within 0.2 s');
    await untilHungUp();
  });

  test('closing mid-reply, or before a word of it', async () => {
    fake.misbehave('closes mid-reply');
    fake.misbehave('hangs up before an answer');
    expect(await troubleOf(open().version())).toBeInstanceOf(AgentClosed);
    expect(await troubleOf(open().version())).toBeInstanceOf(AgentClosed);
    await untilHungUp();
  });

  test('rubbish: no JSON, an unknown status, no end', async () => {
    fake.misbehave('rubbish');
    fake.misbehave('odd status');
    fake.misbehave('endless');
    const rubbish = await troubleOf(open().version());
    expect(rubbish).toBeInstanceOf(AgentTalksRubbish);
    expect(rubbish.message).toContain('Traceback');
    expect((await troubleOf(open().version())).message).toContain('its status is "maybe"');
    const endless = await troubleOf(open().version());
    expect(endless).toBeInstanceOf(AgentTalksRubbish);
    expect(endless.message).toMatch(/more than \d+ bytes/);
    await untilHungUp();
  });

  test('a job of a status that nobody knows', async () => {
    fake.world.queue.add('x', () => Promise.resolve()).status = 'half done' as 'pending';
    await fake.world.queue.idle();
    const job = fake.world.queue.jobs[0];
    if (job) job.status = 'half done' as 'pending';
    expect(await troubleOf(open().jobStatus(1))).toBeInstanceOf(AgentTalksRubbish);
  });

  test('no agent set: fatal, with the setting', () => {
    const agent = () =>
      openAgent(own.database.kysely, testSettings, 'production', { signal: new AbortController().signal });
    expect(agent).toThrow(NoAgent);
    expect(agent).toThrow(/PRODUCTION_AGENT=host:port/);
  });

  test('a call that is aborted ends at once, and hangs up', async () => {
    const stop = new AbortController();
    fake.misbehave('silent');
    const call = thrownBy(open({}, { signal: stop.signal }).version());
    await until('it was asked', () => fake.asked.length === 1);
    stop.abort(new Error('shutting down'));
    expect((await call).message).toBe('shutting down');
    await untilHungUp();
  });
});
