/** `holding-pen`: everything that waits for somebody, and the answers. */
import { InvalidArgumentError, type Command } from 'commander';
import type { PenAct } from '../engine/pen/claims.js';
import { each } from './holding-pen/each.js';
import { filtered, toFilter } from './holding-pen/filter-options.js';
import { spanOption, timeOption } from './holding-pen/time-options.js';
import {
  common,
  makeProgram,
  positiveInteger,
  runMain,
  withSession,
  type CommonOptions,
  type Session,
} from './program.js';

const program = makeProgram('holding-pen', 'See what waits for a person, and decide.').addHelpText(
  'after',
  `
Examples:
  holding-pen list                          what waits for a person, and what failed
  holding-pen list --action page_review --org mwa --age 3d
  holding-pen list --assignee me            what is on my desk
  holding-pen facets --title gazette        how many of what
  holding-pen show 42                       the question, its answers, the history
  holding-pen claim 42 43                   on my desk for 7 days; nobody else answers them meanwhile
  holding-pen assign 42 --to ada            on hers
  holding-pen decide 42 done --set deletedPages=1 --comment "page 5 was blank"
  holding-pen decide 42 43 44 done          each on its own; exit code 1 if any was refused
  holding-pen snooze 42 --for 3d --reason "the vendor rescans page 5"

Reading needs no role. Who may answer a question is shown by show, and by bin/users roles.`,
);

filtered(program.command('list').description('what waits for a person, oldest first; then what failed'))
  .option('--limit <n>', 'at most so many', positiveInteger, 100)
  .action((options: Parameters<typeof toFilter>[0] & { limit: number }, command: Command) =>
    withSession(command, async ({ database, actor, print }) => {
      const [{ listHeld }, { penTable }, registry] = await Promise.all([
        import('../engine/pen/list.js'),
        import('./holding-pen/tables.js'),
        theRegistry(),
      ]);
      const { limit, ...rest } = options;
      const { held, total } = await listHeld(database.kysely, registry, { ...toFilter(rest, actor), limit });
      print(held, () => penTable(held, total));
    }),
  );

filtered(
  program.command('facets').description('how many there are by question, role, title, organisation, user and age'),
).action((options: Parameters<typeof toFilter>[0], command: Command) =>
  withSession(command, async ({ database, actor, print }) => {
    const [{ countHeld }, { facetsText }, registry] = await Promise.all([
      import('../engine/pen/list.js'),
      import('./holding-pen/tables.js'),
      theRegistry(),
    ]);
    print(await countHeld(database.kysely, registry, toFilter(options, actor)), facetsText);
  }),
);

common(
  program
    .command('show')
    .description('one held pipeline: its question, the answers it takes, its history')
    .argument('<pipeline>', 'its number', positiveInteger),
).action((id: number, _options: CommonOptions, command: Command) =>
  withSession(command, async ({ database, print }) => {
    const [{ showHeld }, { heldText }, registry] = await Promise.all([
      import('../engine/pen/show.js'),
      import('./holding-pen/tables.js'),
      theRegistry(),
    ]);
    print(await showHeld(database.kysely, registry, id), heldText);
  }),
);

several('claim', 'put questions on your desk for 7 days; your own claim is renewed, an expired one taken over').action(
  (ids: number[], _options: CommonOptions, command: Command) =>
    onEach(command, ids, async (act, id) => ({ claimed: await (await claims()).claim(act, id) }), {
      line: (id, { claimed }) => `pipeline ${id} is claimed by ${claimed} for 7 days`,
    }),
);

several('release', "take questions off your desk; off somebody else's if you may assign work").action(
  (ids: number[], _options: CommonOptions, command: Command) =>
    onEach(command, ids, async (act, id) => ({ status: await (await claims()).release(act, id) }), {
      line: (id) => `pipeline ${id} is released`,
    }),
);

several('assign', "put questions on somebody's desk for 7 days, if you may assign work")
  .requiredOption('--to <login>', 'who is to answer them')
  .action((ids: number[], { to }: { to: string }, command: Command) =>
    onEach(command, ids, async (act, id) => ({ assigned: await (await claims()).assign(act, id, to) }), {
      line: (id, { assigned }) => `pipeline ${id} is assigned to ${assigned} for 7 days`,
    }),
  );

several('snooze', 'hide what is held from the list for a time; its job goes on looking again by itself')
  .option('--until <time>', 'until this day, e.g. 2027-01-15, or 2027-01-15 14:30', timeOption)
  .option('--for <span>', 'for so long, e.g. 12h, 3d, 2w', spanOption)
  .option('--reason <text>', 'what it waits for; kept with it')
  .option('--end', 'show them again now')
  .action(
    (ids: number[], options: { until?: Date; for?: number; reason?: string; end?: boolean }, command: Command) => {
      const ways = [options.until, options.for, options.end].filter((way) => way !== undefined).length;
      if (ways !== 1) command.error('error: say one of --until, --for and --end', { exitCode: 2 });
      const { reason } = options;
      if (!options.end && reason === undefined) command.error('error: --reason is needed', { exitCode: 2 });
      return onEach(
        command,
        ids,
        async (act, id) => {
          const { snooze, timeFromNow } = await claims();
          const until = options.for === undefined ? options.until : await timeFromNow(act.db, options.for);
          const status = await snooze(act, id, until && { until, reason: reason ?? '' });
          return { status, ...(until && { until }) };
        },
        {
          line: (id, { until }) =>
            until ? `pipeline ${id} is hidden until ${until.toISOString()}` : `pipeline ${id} is shown again`,
        },
      );
    },
  );

several('wake', 'let the jobs of held pipelines look again now; their questions stay open').action(
  (ids: number[], _options: CommonOptions, command: Command) =>
    onEach(command, ids, async (act, id) => ({ status: await (await claims()).wake(act, id) }), {
      line: (id, { status }) => `pipeline ${id} looks again: now ${status}`,
    }),
);

common(
  program
    .command('decide')
    .usage('[options] <pipeline...> <verb>')
    .description("answer held pipelines' questions; their jobs run again with the answer")
    .argument('<words...>', 'the numbers of the pipelines, then the answer, as show lists them'),
)
  .option(
    '--rev <n>',
    'number of the question you saw (default: the one asked now); refused when it has moved on',
    positiveInteger,
  )
  .option('--set <name=value>', 'a parameter of the answer; may be repeated', collectSet, {})
  .option('--comment <text>', 'kept with the decision')
  .action(
    (
      words: string[],
      { rev, set, comment }: { rev?: number; set: Record<string, string>; comment?: string },
      command: Command,
    ) => {
      const verb = words.at(-1) ?? '';
      const ids = words.slice(0, -1).map((word) => idOrUsage(word, command));
      if (ids.length === 0 || /^\d+$/.test(verb))
        command.error('error: missing the answer: decide PIPELINE VERB, e.g. decide 42 done', { exitCode: 2 });
      if (rev !== undefined && ids.length > 1) command.error('error: --rev is of one pipeline', { exitCode: 2 });
      return onEach(
        command,
        ids,
        async ({ db, registry, actor }, id) => {
          const { decideOn } = await import('../engine/pen/decide.js');
          const answer = { holdRev: rev, verb, params: set, comment, actor, via: 'cli' as const };
          return { verb, ...(await decideOn(db, registry, id, answer)) };
        },
        {
          line: (id, { holdRev, status }) => `decided ${verb} on question ${holdRev} of pipeline ${id}: now ${status}`,
        },
      );
    },
  );

await runMain(program);

// Functions, not constants: `await runMain` above runs before a constant down here has its value.
async function theRegistry() {
  return (await import('./pen-registry.js')).penRegistry;
}

function claims() {
  return import('../engine/pen/claims.js');
}

function several(name: string, description: string): Command {
  return common(program.command(name).description(description).argument('<pipeline...>', 'their numbers', collectIds));
}

function onEach<Done extends object>(
  command: Command,
  ids: number[],
  act: (act: PenAct, id: number) => Promise<Done>,
  { line }: { line: (id: number, done: Done) => string },
): Promise<void> {
  return withSession(command, async ({ database, actor }: Session) => {
    const by: PenAct = { db: database.kysely, registry: await theRegistry(), actor };
    await each(command, ids, (id) => act(by, id), line);
  });
}

function collectIds(text: string, before: number[] = []): number[] {
  return [...before, positiveInteger(text)];
}

function idOrUsage(word: string, command: Command): number {
  try {
    return positiveInteger(word);
  } catch (error) {
    return command.error(`error: '${word}' is no number of a pipeline: ${(error as Error).message}`, { exitCode: 2 });
  }
}

function collectSet(text: string, set: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('it must look like name=value');
  return { ...set, [name]: value };
}
