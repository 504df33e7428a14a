/** `issues`: what is in the workflow. */
import { Option, type Command } from 'commander';
import type { SearchKey } from '../newspapers/issue-key.js';
import { ISSUE_KINDS, WORKFLOW_STEPS, type IssueKind, type WorkflowStep } from '../newspapers/workflow-step.js';
import { addFinalizeAgainCommand, finalizeAgainExamples } from './issues/finalize-again.js';
import { addImportCommand, importExamples } from './issues/import-nca.js';
import { issueArgument, issueId, type IssueArgument } from './issues/issue-argument.js';
import { addMetadataCommand, metadataExamples } from './issues/metadata.js';
import { issuesText, storyText } from './issues/tables.js';
import { addUploadCommands, uploadExamples } from './issues/uploads.js';
import { addVerifyCommand, verifyExamples } from './issues/verify.js';
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
  issues show 7 --json${metadataExamples}${uploadExamples}${finalizeAgainExamples}${verifyExamples}${importExamples}`,
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
  .action((issue: IssueArgument, _options: unknown, command: Command) =>
    withSession(command, async ({ database, print }) => {
      const { tellIssue } = await import('../newspapers/issue-story.js');
      print(await tellIssue(database.kysely, await issueId(database, issue, { orIgnored: true })), storyText);
    }),
  );

addMetadataCommand(program);
addUploadCommands(program);
addFinalizeAgainCommand(program);
addVerifyCommand(program);
addImportCommand(program);

await runMain(program);
