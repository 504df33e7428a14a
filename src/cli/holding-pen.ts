/** `holding-pen`: everything that waits for somebody, and the answers. */
import { InvalidArgumentError, type Command } from 'commander';
import {
  common,
  currentActor,
  makeProgram,
  positiveInteger,
  runMain,
  withSession,
  type CommonOptions,
} from './program.js';

const program = makeProgram('holding-pen', 'See what waits for a person, and decide.').addHelpText(
  'after',
  `
Examples:
  holding-pen list                          what waits for a person, and what failed
  holding-pen list --action page_review     only page reviews
  holding-pen show 42                       the question, its answers, the history
  holding-pen decide 42 done --set deletedPages=1 --comment "page 5 was blank"`,
);

common(program.command('list').description('what waits for a person, oldest first; then what failed'))
  .option('--action <name>', 'only this question, e.g. page_review')
  .option('--all', 'also what waits for a time, another pipeline or an outside system')
  .option('--limit <n>', 'at most so many', positiveInteger, 100)
  .action((options: { action?: string; all?: boolean; limit: number }, command: Command) =>
    withSession(command, async ({ database, print }) => {
      const { listHeld } = await import('../engine/status.js');
      const { penTable } = await import('./holding-pen/tables.js');
      print(
        await listHeld(database.kysely, { action: options.action, all: options.all ?? false, limit: options.limit }),
        penTable,
      );
    }),
  );

common(
  program
    .command('show')
    .description('one held pipeline: its question, the answers it takes, its history')
    .argument('<pipeline>', 'its number', positiveInteger),
).action((id: number, _options: CommonOptions, command: Command) =>
  withSession(command, async ({ database, print }) => {
    const [{ showHeld }, { heldText }] = await Promise.all([
      import('./holding-pen/show.js'),
      import('./holding-pen/tables.js'),
    ]);
    print(await showHeld(database.kysely, id), heldText);
  }),
);

common(
  program
    .command('decide')
    .description("answer a held pipeline's question; the job runs again with the answer")
    .argument('<pipeline>', 'its number', positiveInteger)
    .argument('<verb>', 'the answer, as show lists them'),
)
  .option(
    '--rev <n>',
    'number of the question you saw (default: the one asked now); refused when it has moved on',
    positiveInteger,
  )
  .option('--set <name=value>', 'a parameter of the answer; may be repeated', collect, {})
  .option('--comment <text>', 'kept with the decision')
  .action(
    (
      id: number,
      verb: string,
      options: { rev?: number; set: Record<string, string>; comment?: string },
      command: Command,
    ) =>
      withSession(command, async ({ database, print }) => {
        const [{ decide }, { registry }, { showHeld }] = await Promise.all([
          import('../engine/operator.js'),
          import('./registry.js'),
          import('./holding-pen/show.js'),
        ]);
        const holdRev = options.rev ?? (await showHeld(database.kysely, id)).holdRev;
        const answer = {
          holdRev,
          verb,
          params: options.set,
          comment: options.comment,
          actor: currentActor(),
          via: 'cli' as const,
        };
        const status = await decide(database.kysely, registry, id, answer);
        print(
          { id, holdRev, verb, status },
          () => `decided ${verb} on question ${holdRev} of pipeline ${id}: now ${status}`,
        );
      }),
  );

await runMain(program);

function collect(text: string, set: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('it must look like name=value');
  return { ...set, [name]: value };
}
