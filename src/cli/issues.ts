/** `issues`: what is in the workflow. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { InvalidIssueKey, parseIssueKey, type IssueKey, type SearchKey } from '../newspapers/issue-key.js';
import { ISSUE_KINDS, WORKFLOW_STEPS, type IssueKind, type WorkflowStep } from '../newspapers/workflow-step.js';
import { issuesText, storyText } from './issues/tables.js';
import { searchKeyOption } from './key-option.js';
import { common, makeProgram, positiveInteger, runMain, withSession } from './program.js';

interface ListOptions {
  key?: SearchKey;
  step?: WorkflowStep;
  type?: IssueKind;
  all?: boolean;
  limit: number;
}

const program = makeProgram('issues', 'Issues in the workflow.').addHelpText(
  'after',
  `
Examples:
  issues list                                     all that are in the workflow
  issues list --key sn93059126/1856               one title's, of one year
  issues list --step AwaitingPageReview           those that wait for a page review
  issues show sn93059126/1856051001               its pages, its pipelines, what it waits for
  issues show 7 --json`,
);

common(program.command('list').description('issues by title, date and edition'))
  .option('--key <key>', 'only LCCN, or LCCN/YYYY, /YYYYMM, /YYYYMMDD, /YYYYMMDDEE', searchKeyOption)
  .addOption(new Option('--step <step>', 'only those at this workflow step').choices(WORKFLOW_STEPS))
  .addOption(new Option('--type <type>', 'only those of this kind of upload').choices(ISSUE_KINDS))
  .option('--all', 'also those that left the workflow: live, or removed')
  .option('--limit <n>', 'at most so many', positiveInteger, 100)
  .action((options: ListOptions, command: Command) =>
    withSession(command, async ({ database, print }) => {
      const { listIssues } = await import('../newspapers/issue-list.js');
      const { key: search, step, type: kind, all: withIgnored = false, limit } = options;
      const filter = { withIgnored, limit, ...(search && { search }), ...(step && { step }), ...(kind && { kind }) };
      print(await listIssues(database.kysely, filter), issuesText);
    }),
  );

common(program.command('show').description('one issue whole: its pages, pipelines, question and history'))
  .argument('<issue>', 'its key, LCCN/YYYYMMDDEE, or its number', issueArgument)
  .action((issue: number | IssueKey, _options: unknown, command: Command) =>
    withSession(command, async ({ database, print }) => {
      const { tellIssue } = await import('../newspapers/issue-story.js');
      const { NoSuchIssue } = await import('../newspapers/issues.js');
      const story = await tellIssue(database.kysely, typeof issue === 'number' ? issue : await idOf(issue));
      print(story, storyText);

      async function idOf(key: IssueKey): Promise<number> {
        const { findIssue } = await import('../newspapers/issues.js');
        const found = await findIssue(database.kysely, key, { orIgnored: true });
        if (!found) throw new NoSuchIssue(String(command.args[0]));
        return found.id;
      }
    }),
  );

await runMain(program);

function issueArgument(text: string): number | IssueKey {
  if (/^\d{1,9}$/.test(text)) return positiveInteger(text);
  try {
    return parseIssueKey(text);
  } catch (error) {
    if (error instanceof InvalidIssueKey) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
