/** `issues uploads`, `issues resume`, `issues cancel-intake`: before an issue is in the workflow, and when it does not get in. */
import { Option, type Command } from 'commander';
import type { ListedUpload, StuckIntake } from '../../newspapers/list-uploads.js';
import type { ResumeAct } from '../../newspapers/resume-issue.js';
import type { Obstacle } from '../../newspapers/uploads/upload.js';
import { ISSUE_KINDS, type IssueKind } from '../../newspapers/workflow-step.js';
import { common, withSession, type CommonOptions } from '../program.js';
import { visible } from '../table.js';
import { issueArgument, issueId, type IssueArgument } from './issue-argument.js';
import { UploadsText, uploadValue } from './uploads-text.js';

export const uploadExamples = `
  issues uploads                                  what lies in the upload areas, and what is wrong with it
  issues uploads --title sn93059126 --full        one title's, the PDFs of its scans looked into
  issues resume sn93059126/1856051001             its intake failed: let it go on
  issues cancel-intake sn93059126/1856051001 --reason "wrong date"     its intake failed: take it back`;

/** Adds the commands to `issues`. */
export function addUploadCommands(program: Command): void {
  common(program.command('uploads').description('what lies in the upload areas and what is wrong with it'))
    .option('--title <name>', 'only those of this title: its LCCN, SFTP user, or directory')
    .addOption(new Option('--type <type>', 'only this upload area').choices(ISSUE_KINDS))
    .option('--full', 'also look into the PDFs of scans, as is done before they are queued; takes longer')
    .action((options: { title?: string; type?: IssueKind; full?: boolean } & CommonOptions, command: Command) =>
      withSession(command, async ({ settings, database, permitted, print }) => {
        await permitted();
        const [{ listUploads }, { UploadClock }] = await Promise.all([
          import('../../newspapers/list-uploads.js'),
          import('../../newspapers/uploads/clock.js'),
        ]);
        const { json = false } = command.optsWithGlobals<CommonOptions>();
        const text = new UploadsText();
        const all: (ListedUpload | Obstacle | StuckIntake)[] = [];
        const found = listUploads(database.kysely, settings, {
          kinds: options.type ? [options.type] : ISSUE_KINDS,
          title: options.title,
          full: options.full ?? false,
          clock: new UploadClock(database.kysely, (message) => void process.stderr.write(`${visible(message)}\n`)),
          now: () => new Date(),
        });
        for await (const each of found) {
          const lines = text.tell(each);
          if (json) all.push(each);
          else if (each.found === 'obstacle') process.stderr.write(lines);
          else process.stdout.write(lines);
        }
        print({ ...text.counts, uploads: all.map(uploadValue) }, () => text.summary());
      }),
    );

  common(
    program
      .command('resume')
      .description('let an issue go on whose pipeline failed, or was cancelled while people worked on it')
      .addHelpText(
        'after',
        `
What failed goes on where it failed. What was cancelled or left out (run-jobs cancel, skip) is begun again when it asks
people, or finalizes an approved issue: on the desk where it was, with what was said and typed before. Who may answer the
question may have it asked again; for the rest one must be allowed to queue uploads. Other pipelines that were cancelled are
not begun again: cancel-intake takes an upload back, remove-dead-issues takes an issue out.`,
      ),
  )
    .argument('<issue>', 'its key, LCCN/YYYYMMDDEE, or its number', issueArgument)
    .option('--reason <text>', 'why it will work now; kept with its history', 'resumed')
    .action((issue: IssueArgument, { reason }: { reason: string }, command: Command) =>
      withSession(command, async ({ database, actor, print }) => {
        const [{ resumeIssue }, { requirePrivilege }, { roles }] = await Promise.all([
          import('../../newspapers/resume-issue.js'),
          import('../../engine/permission.js'),
          import('../permissions.js'),
        ]);
        const permit: ResumeAct['permit'] = (privilege, db) => requirePrivilege(db, roles, actor, privilege);
        const resumed = await resumeIssue(database.kysely, await issueId(database, issue), { actor, reason, permit });
        print(resumed, ({ issue: { id, key }, pipelineId, pipeline, copiesAgain }) =>
          visible(
            `issue ${id} (${key}) goes on: pipeline ${pipelineId} (${pipeline}) is queued${copiesAgain ? ', from the copy of its files on' : ''}`,
          ),
        );
      }),
    );

  common(program.command('cancel-intake').description('take an upload back that did not come through, or should not'))
    .argument('<issue>', 'its key, LCCN/YYYYMMDDEE, or its number', issueArgument)
    .requiredOption('--reason <text>', 'why; kept with its history')
    .action((issue: IssueArgument, { reason }: { reason: string }, command: Command) =>
      withSession(command, async ({ settings, database, permitted, print }) => {
        const actor = await permitted();
        const { cancelIntake } = await import('../../newspapers/cancel-intake.js');
        const id = await issueId(database, issue);
        const cancelled = await cancelIntake(database.kysely, id, settings, { actor, reason });
        print(cancelled, ({ issue: { key }, pipelineId, upload }) =>
          visible(
            `the intake of issue ${id} (${key}) is cancelled: pipeline ${pipelineId} of run-jobs brings its files back to ${upload}; after that it can be queued again`,
          ),
        );
      }),
    );
}
