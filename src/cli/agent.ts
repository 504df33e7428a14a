/** `agent`: the ONI agents beside the two sites, by hand (newspapers spec 7.7). */
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError, type Command } from 'commander';
import type { Agent } from '../newspapers/oni/agent-client.js';
import type { AgentJob } from '../newspapers/oni/replies.js';
import { SITES, type Site } from '../newspapers/oni/sites.js';
import { printableLines } from './printable.js';
import { common, makeProgram, positiveInteger, runMain, withSession, type Session } from './program.js';
import { visible } from './table.js';

const site = (command: Command): Command =>
  command.option('--site <site>', 'whose agent: staging or production', (text: string): Site => {
    const found = SITES.find((each) => each === text);
    if (!found) throw new InvalidArgumentError('it must be staging or production');
    return found;
  });

const program = site(
  makeProgram(
    'agent',
    'The ONI agents that load batches into the two sites (settings STAGING_AGENT, PRODUCTION_AGENT).',
  ),
).addHelpText(
  'after',
  `
Pipelines ask the agents by themselves; this is for a first try, and for repairs.

Examples:
  agent --site staging version                        can it be reached, is its host key the right one?
  agent --site staging load-title sn93059126.xml      make a title known to the site, and wait
  agent --site production ensure-awardee oru "University of Oregon Libraries; Eugene, OR"
  agent --site staging load-batch batch_oru_20260101Name_ver01
  agent --site staging list-jobs                      everything that it was asked for since its start
  agent --site staging job-status 7                   how is it getting on?
  agent --site staging job-logs 7                     what did it write?
  agent --site staging purge-batch batch_oru_20260101Name_ver01     take it off the site, and wait

Each says first which version answers. A job that is waited for and fails ends it with exit code 1.`,
);

const subcommand = (name: string, description: string): Command =>
  site(common(program.command(name).description(description)));

subcommand('version', 'only say which version answers').action((_options: unknown, command: Command) =>
  ask(command, () => Promise.resolve({})),
);

subcommand('load-batch', 'have a batch loaded; it goes on after this')
  .argument('<name>', 'the full name of the batch')
  .action((name: string, _options: unknown, command: Command) =>
    changing(command, async ({ agent, say, siteName }) => {
      const job = await agent.loadBatch(name);
      say(
        job === -1
          ? `${name} is loaded already: nothing to do`
          : `${name} is queued as job ${job}; "bin/agent --site ${siteName} job-status ${job}" tells how it gets on`,
      );
      return { job };
    }),
  );

subcommand('purge-batch', 'take a batch off the site, and wait')
  .argument('<name>', 'the full name of the batch')
  .action((name: string, _options: unknown, command: Command) =>
    changing(command, async (work) => {
      const job = await work.agent.purgeBatch(name);
      if (job !== -1) return awaited(work, job);
      work.say(`${name} is not there: nothing to do`);
      return { job };
    }),
  );

subcommand('list-jobs', 'all jobs since the agent was started').action((_options: unknown, command: Command) =>
  ask(command, async ({ agent, say }) => {
    const jobs = await agent.listJobs();
    say(jobs.length === 0 ? 'none' : jobs.map(described).join('\n'));
    return { jobs };
  }),
);

subcommand('job-status', 'how a job is getting on')
  .argument('<id>', 'its number since the agent was started', positiveInteger)
  .action((id: number, _options: unknown, command: Command) =>
    ask(command, async ({ agent, say }) => {
      const job = await agent.jobStatus(id);
      say(described(job));
      return job;
    }),
  );

subcommand('job-logs', 'what a job has written')
  .argument('<id>', 'its number since the agent was started', positiveInteger)
  .action((id: number, _options: unknown, command: Command) =>
    ask(command, async ({ agent, say }) => {
      const lines = await agent.jobLogs(id);
      say(lines.length === 0 ? 'nothing yet' : lines.join('\n'));
      return { lines };
    }),
  );

subcommand('ensure-awardee', 'make an organisation known to the site, unless it is')
  .argument('<code>', 'MARC organisation code')
  .argument('<name>', 'as the site shows it')
  .action((code: string, name: string, _options: unknown, command: Command) =>
    changing(command, async ({ agent, say }) => {
      const message = await agent.ensureAwardee(code, name);
      say(message);
      return { message };
    }),
  );

subcommand('load-title', 'make a title known to the site by its MARC record, and wait')
  .argument('<file>', 'a MARCXML file of one record')
  .action((file: string, _options: unknown, command: Command) =>
    changing(command, async (work) => {
      const { parseMarc } = await import('../newspapers/marc.js');
      const marc = await readFile(file);
      parseMarc(marc, file);
      return awaited(work, await work.agent.loadTitle(marc));
    }),
  );

await runMain(program);

/** What a subcommand works with. */
interface Work {
  agent: Agent;
  siteName: Site;
  signal: AbortSignal;
  /** For people; machines get what is returned. */
  say: (text: string) => void;
}

/** Opens the agent, says which version answers, and prints what comes of the work. */
function ask(
  command: Command,
  work: (work: Work) => Promise<object>,
  before: (session: Session) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const { site: siteName, json } = command.optsWithGlobals<{ site?: Site; json?: boolean }>();
  if (siteName === undefined)
    command.error('error: say whose agent: --site staging or --site production', { exitCode: 2 });
  return withSession(command, async (session) => {
    await before(session);
    const { openAgent } = await import('../newspapers/oni/agent-client.js');
    const stopping = new AbortController();
    const { signal } = stopping;
    process.once('SIGINT', () => stopping.abort(new Error('interrupted; what the agent was asked for goes on there')));
    const agent = openAgent(session.database.kysely, session.settings, siteName, { signal });
    const say = (text: string): void => {
      if (!json) process.stdout.write(`${printableLines(text)}\n`);
    };
    const version = await agent.version();
    say(`the ${siteName} agent ${agent.address.name}, version ${visible(version)}`);
    const result = await work({ agent, siteName, signal, say });
    if (json) session.print({ site: siteName, agent: agent.address.name, version, ...result }, () => '');
  });
}

/** Like `ask`, of those who may only. */
function changing(command: Command, work: (work: Work) => Promise<object>): Promise<void> {
  return ask(command, work, ({ permitted }) => permitted());
}

async function awaited({ agent, signal, say }: Work, id: number): Promise<object> {
  const [{ awaitAgentJob }, { lastLines }] = await Promise.all([
    import('../newspapers/oni/await-agent-job.js'),
    import('../newspapers/oni/last-lines.js'),
  ]);
  const job = await awaitAgentJob(agent, id, { signal, told: (now) => say(described(now)) });
  if (job.status === 'successful') return { job };
  process.exitCode = 1;
  const lines = await lastLines(agent, id);
  say(lines.join('\n'));
  return { job, lines };
}

function described({ id, name, queued, status, error }: AgentJob): string {
  return `job ${id} (${name}, queued ${queued}) is ${status}${error ? `: ${error}` : ''}`;
}
