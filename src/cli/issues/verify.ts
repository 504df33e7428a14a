/** `issues verify`: are the files of the issues as they were recorded? */
import type { Command } from 'commander';
import type { VerifiedIssue } from '../../newspapers/verify-issues.js';
import { ProgressBar } from '../progress-bar.js';
import { common, withSession, type CommonOptions, type Session } from '../program.js';
import { visible } from '../table.js';
import { issueArgument, issueId, type IssueArgument } from './issue-argument.js';

export const verifyExamples = `
  issues verify --all                             reads every file and compares it with its recorded SHA-256
  issues verify sn93059126/1856051001 --accept "page 3 was replaced by a better scan"`;

interface Options extends CommonOptions {
  all?: boolean;
  accept?: string;
}

/** Adds the command to `issues`. */
export function addVerifyCommand(program: Command): void {
  common(program.command('verify').description('compare the files of issues with their recorded SHA-256 sums'))
    .argument('[issue...]', 'their keys, LCCN/YYYYMMDDEE, or numbers', collectIssues)
    .option('--all', 'every issue of whose files there are records')
    .option('--accept <reason>', 'what lies there now is right: record it')
    .action((issues: IssueArgument[], _options: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const refuse = (message: string) => command.error(`error: ${message}`, { exitCode: 2 });
      if ((issues.length === 0) === !options.all) refuse('name issues, or say --all');
      if (options.accept !== undefined && options.all) refuse('--accept takes issues, not --all');
      if (options.accept?.trim() === '') refuse('--accept must say why');
      return withSession(command, async (session) => {
        const ids = options.all ? undefined : await idsOf(session, issues);
        if (options.accept === undefined) await verify(session, ids, options.json ?? false);
        else await accept(session, ids ?? [], options.accept);
      });
    });
}

const collectIssues = (text: string, before: IssueArgument[] = []): IssueArgument[] => [...before, issueArgument(text)];

async function idsOf({ database }: Session, issues: readonly IssueArgument[]): Promise<number[]> {
  const ids: number[] = [];
  for (const issue of issues) ids.push(await issueId(database, issue, { orIgnored: true }));
  return [...new Set(ids)];
}

async function verify(session: Session, ids: readonly number[] | undefined, json: boolean): Promise<void> {
  const { database, actor, print } = session;
  const { sizeOfIssues, verifyIssues } = await import('../../newspapers/verify-issues.js');
  const { closeThreads } = await import('../../files/threads.js');
  const total = await sizeOfIssues(database.kysely, ids);
  const counts = { sound: 0, damaged: 0, unreachable: 0, atWork: 0, unrecorded: 0, files: 0, bytes: 0 };
  const wrong: object[] = [];
  const bar = new ProgressBar();
  let read = 0;
  let issues = 0;
  const onBytes = (bytes: number) =>
    bar.show((read += bytes), total.bytes, `${issues} of ${total.issues} issues, ${wrong.length} damaged`);
  try {
    for await (const verified of verifyIssues(database.kysely, ids, { actor, onBytes })) {
      issues++;
      counts[verified.verdict === 'at work' ? 'atWork' : verified.verdict]++;
      counts.files += verified.files;
      counts.bytes += verified.bytes;
      if (verified.verdict === 'sound') continue;
      if (verified.verdict === 'damaged' || verified.verdict === 'unreachable') wrong.push(valueOf(verified));
      bar.clear();
      if (!json) process.stdout.write(await text(verified));
    }
  } finally {
    bar.clear();
    await closeThreads();
  }
  const looked = await lookedAt(session);
  print({ ...counts, wrong, database: looked }, () => (issues === 0 ? nothingRead(looked) : summary(counts)));
  if (wrong.length > 0) process.exitCode = 1;
}

async function accept({ database, permitted, print }: Session, ids: readonly number[], reason: string): Promise<void> {
  const actor = await permitted('issues verify --accept');
  const { acceptFiles } = await import('../../newspapers/accept-files.js');
  const { closeThreads } = await import('../../files/threads.js');
  const accepted: { issue: number; files: number }[] = [];
  try {
    for (const id of ids)
      accepted.push({ issue: id, files: await acceptFiles(database.kysely, id, { actor, reason }) });
  } finally {
    await closeThreads();
  }
  print(accepted, () => accepted.map(({ issue, files }) => `issue ${issue}: ${files} files recorded`).join('\n'));
}

const valueOf = ({ issue, verdict, directories }: VerifiedIssue) => ({
  issue: issue.id,
  key: issue.key,
  verdict,
  directories: directories.map(({ directory, damage, trouble }) => ({ directory, damage, trouble })),
});

async function text({ issue, verdict, directories }: VerifiedIssue): Promise<string> {
  const name = `issue ${issue.id} (${issue.key})`;
  if (verdict === 'at work') return `${name}: not checked, a job is at work on it\n`;
  if (verdict === 'unrecorded') return `${name}: no sums were recorded; --accept "..." takes them now\n`;
  const { damageLines } = await import('../../newspapers/verify-issues.js');
  const lines = directories.flatMap(damageLines).map((line) => `  - ${visible(line)}\n`);
  return `${verdict === 'damaged' ? 'DAMAGED' : 'CANNOT BE CHECKED'} ${name}:\n${lines.join('')}`;
}

/** Whoever looks after a restore must not take an empty database, or the wrong one, for a sound one. */
const nothingRead = (looked: string): string =>
  `NOTHING WAS VERIFIED: there is no issue with recorded files in ${looked}. Is that the right database?`;

async function lookedAt({ settings, database }: Session): Promise<string> {
  if (settings.DATABASE_URL === undefined)
    return `the private PostgreSQL in ${settings.VAR_DIRECTORY} (no settings name a DATABASE_URL; --settings or $PRESSMARK_SETTINGS names their file)`;
  const { databaseNameOf } = await import('../../database/database-name.js');
  return `the database ${databaseNameOf(database.connectionString)}`;
}

function summary(counts: Record<'sound' | 'damaged' | 'unreachable' | 'atWork' | 'files' | 'bytes', number>): string {
  const { sound, damaged, unreachable, atWork, files, bytes } = counts;
  const parts = [
    `${sound} sound`,
    ...(damaged > 0 ? [`${damaged} damaged: put back what was recorded, or --accept what is there`] : []),
    ...(unreachable > 0 ? [`${unreachable} that could not be read`] : []),
    ...(atWork > 0 ? [`${atWork} at work`] : []),
  ];
  return `${files} files (${(bytes / 1e6).toFixed(1)} MB) read; issues: ${parts.join(', ')}.`;
}
