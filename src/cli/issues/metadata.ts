/** `issues metadata`: prints the metadata of issues, and submits that of many from a file. */
import type { Command } from 'commander';
import type { SubmitOutcome } from '../../newspapers/metadata/submit-many.js';
import { printableJson } from '../printable.js';
import { common, withSession, type CommonOptions, type Session } from '../program.js';
import { visible } from '../table.js';
import { issueArgument, issueId, type IssueArgument } from './issue-argument.js';

export const metadataExamples = `
  issues metadata sn93059126/1856051001 > it.json     what is known of it, as --from takes it
  issues metadata --from entered.csv --dry-run        which lines would be taken, and what is wrong with the others
  issues metadata --from entered.csv                  submit them: each issue goes on to its review`;

const FORMAT = `
FILE is JSON, as this command prints it, or CSV with a first line of names:
  issue,volume,issueNumber,edition,labels,date,dateAsLabeled,editionLabel,comment,acceptWarnings
  sn93059126/1856051001,12,3,1,"1,2,,4",,,,,
Only issue is needed: it is the key, LCCN/YYYYMMDDEE, or our number of the issue; issueNumber is the number that is printed on
it. A column that is left out, or an empty cell, leaves what is known; JSON can also empty a text, with "". labels are the page
numbers as printed, one for each page: "1,2,,4"; empty or 0 says that none is printed. volume and issueNumber are 0 when none
is printed; edition is from 1 on. dateAsLabeled follows date unless somebody gives it. acceptWarnings=true says that it is
right although the issue seems to be there already.

It is for issue curators and managers. Each line stands for itself: what is valid is submitted, what is not is named with its
reason and nothing of it is kept (a submission in the holding pen is kept as a draft); then the exit code is 1. Issues on
nobody's desk are claimed; those on somebody else's are left alone.`;

interface Options extends CommonOptions {
  from?: string;
  dryRun?: boolean;
}

/** Adds the command to `issues`. */
export function addMetadataCommand(program: Command): void {
  common(program.command('metadata').description('print the metadata of issues, or submit that of many from a file'))
    .argument('[issue...]', 'their keys, LCCN/YYYYMMDDEE, or numbers', collectIssues)
    .option('--from <file>', 'submit what this file says, CSV or JSON')
    .option('--dry-run', 'say what would be taken and what not; change nothing')
    .addHelpText('after', FORMAT)
    .action((issues: IssueArgument[] | undefined, _options: Options, command: Command) => {
      const { from, dryRun = false, json = false } = command.optsWithGlobals<Options>();
      const refuse = (message: string) => command.error(`error: ${message}`, { exitCode: 2 });
      const named = issues ?? [];
      if ((named.length === 0) === (from === undefined)) refuse('name issues, or say --from FILE');
      if (dryRun && from === undefined) refuse('--dry-run goes with --from');
      return withSession(command, (session) =>
        from === undefined ? printMetadata(session, named) : submit(session, from, { dryRun, json }),
      );
    });
}

const collectIssues = (text: string, before: IssueArgument[] = []): IssueArgument[] => [...before, issueArgument(text)];

async function printMetadata({ database }: Session, issues: readonly IssueArgument[]): Promise<void> {
  const [{ readMetadata }, { findIssueById }] = await Promise.all([
    import('../../newspapers/metadata/metadata.js'),
    import('../../newspapers/issues.js'),
  ]);
  const printed = [];
  for (const each of issues) {
    const id = await issueId(database, each, { orIgnored: true });
    const { present } = await readMetadata(database.kysely, id);
    const issue = await findIssueById(database.kysely, id);
    // The key of a duplicate means the issue that was first.
    printed.push({ issue: issue?.duplicateReason === null && !issue.ignored ? issue.key : String(id), ...present });
  }
  process.stdout.write(`${printableJson(printed, 2)}\n`);
}

async function submit(session: Session, file: string, { dryRun, json }: { dryRun: boolean; json: boolean }) {
  const [{ requirePrivilege }, { readMetadataFile }, { submitMany }, { penRegistry }, { ENTER_METADATA }] =
    await Promise.all([
      import('../../engine/permission.js'),
      import('../../newspapers/metadata/read-file.js'),
      import('../../newspapers/metadata/submit-many.js'),
      import('../pen-registry.js'),
      import('../../newspapers/roles.js'),
    ]);
  const { database, actor } = session;
  await requirePrivilege(database.kysely, penRegistry.roles, actor, ENTER_METADATA);
  const entries = await readMetadataFile(file);
  const outcomes: SubmitOutcome[] = [];
  try {
    for await (const outcome of submitMany({ db: database.kysely, registry: penRegistry, actor, dryRun }, entries)) {
      outcomes.push(outcome);
      if (outcome.outcome === 'refused') process.exitCode = 1;
      if (!json) tell(outcome);
    }
  } finally {
    const refused = outcomes.filter(({ outcome }) => outcome === 'refused').length;
    const taken = `${outcomes.length - refused} ${dryRun ? 'would be submitted' : 'submitted'}`;
    session.print(outcomes, () => `${taken}, ${refused} not.`); // also when the database went away in the middle
  }
}

function tell({ where, issue, ...told }: SubmitOutcome): void {
  const name = issue === '' ? where : `${where}, ${issue}`;
  if (told.outcome === 'refused') process.stderr.write(`${visible(`${name}: ${told.reason}`)}\n`);
  else
    process.stdout.write(
      `${visible(`${name}: ${told.outcome === 'valid' ? 'valid' : 'submitted'} (pipeline ${told.pipelineId})`)}\n`,
    );
}
