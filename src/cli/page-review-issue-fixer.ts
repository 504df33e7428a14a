/** `page-review-issue-fixer`: issues out of page review, many at once (newspapers spec 7.5). */
import type { Command } from 'commander';
import { InvalidIssueKey, parseIssueKey, type IssueKey } from '../newspapers/issue-key.js';
import { issueKeyOption } from './key-option.js';
import { makeProgram, runMain, withSession } from './program.js';

interface Options {
  key?: IssueKey[];
  keyFile?: string;
  dryRun?: boolean;
}

const program = makeProgram(
  'page-review-issue-fixer',
  'Take issues out of page review that must not go on. Their files go to the error area.',
)
  .option('--key <key>', 'an issue, LCCN/YYYYMMDDEE; may be repeated', collectKeys)
  .option('--key-file <file>', 'a file with an issue on each line')
  .option('--dry-run', 'say what would be removed, change nothing')
  .addHelpText(
    'after',
    `
Examples:
  page-review-issue-fixer --key sn93059126/1856051001 --key sn93059126/1856051701
  page-review-issue-fixer --key-file keys.txt --dry-run

All of them must be AwaitingPageReview, or nothing happens.`,
  )
  .action((_options: Options, command: Command) => {
    const { key, keyFile, dryRun = false } = command.optsWithGlobals<Options>();
    if ((key === undefined) === (keyFile === undefined)) command.error('error: give either --key or --key-file');
    return withSession(command, async ({ settings, database, permitted, print }) => {
      const actor = await permitted();
      const keys = key ?? (await keysOf(keyFile ?? ''));
      const [{ removeFromReview }, { penRegistry: registry }] = await Promise.all([
        import('../newspapers/remove-from-review.js'),
        import('./pen-registry.js'),
      ]);
      const removals = await removeFromReview(database.kysely, keys, { actor, registry, settings, dryRun });
      print(
        removals.map(({ issue, pipelineId }) => ({ issue: issue.id, key: issue.key, pipelineId, dryRun })),
        () =>
          removals
            .map(({ issue, pipelineId }) =>
              dryRun
                ? `Would remove ${issue.key} (issue ${issue.id})`
                : `Removing ${issue.key}: issue ${issue.id}, pipeline ${pipelineId ?? ''}`,
            )
            .join('\n'),
      );
    });
  });

/** The file of keys cannot be used as it is. */
class BadKeyFile extends Error {
  override name = 'BadKeyFile';
}

await runMain(program);

function collectKeys(text: string, before: IssueKey[] = []): IssueKey[] {
  return [...before, issueKeyOption(text)];
}

/** @throws {BadKeyFile} naming every line that is no key */
async function keysOf(file: string): Promise<IssueKey[]> {
  const { readFile } = await import('node:fs/promises');
  const keys: IssueKey[] = [];
  const mistakes: string[] = [];
  for (const [index, line] of (await readFile(file, 'utf8'))
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue;
    try {
      keys.push(parseIssueKey(line.trim()));
    } catch (error) {
      if (!(error instanceof InvalidIssueKey)) throw error;
      mistakes.push(`${file} line ${index + 1}: ${error.message}`);
    }
  }
  if (mistakes.length > 0) throw new BadKeyFile(mistakes.join('\n'));
  if (keys.length === 0) throw new BadKeyFile(`${file} names no issue: write one key, LCCN/YYYYMMDDEE, on each line`);
  return keys;
}
