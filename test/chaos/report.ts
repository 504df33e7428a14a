/** The report of a chaos run: each fault with its recovery, sums by kind, what went wrong. */
import { table } from '../../src/cli/table.js';
import type { RoundResult } from './round.js';

const seconds = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(1)} s`);

/** One round, for people. */
export function roundText({ seed, strikes, missed, diary, problems, kept, ...round }: RoundResult): string {
  const began = strikes[0]?.struckAt ?? 0;
  const rows = strikes.map(({ fault, what, struckAt, healedAt, rescued, workedAgainAfter }) => [
    ...[fault, `+${seconds((struckAt - began) / 1000)}`, what, seconds((healedAt - struckAt) / 1000)],
    ...[String(rescued), seconds(workedAgainAfter)],
  ]);
  return [
    `Round of seed ${seed}: ${strikes.length} faults in ${seconds(round.seconds)}, ${problems.length === 0 ? 'clean' : `${problems.length} PROBLEMS`}`,
    table(['fault', 'at', 'what', 'stood for', 'rescued', 'worked again after'], rows),
    `${round.jobs} jobs, ${round.runsAgain} runs beyond the first, ${round.rescues} rescues, ${round.runners} runners lived; ` +
      `people: ${diary.retries} times "retry" after runner_died, ${diary.failed.length + diary.spent.length} requeued (${diary.spent.length} had failed as often as they may), ${diary.refusals} programs that had to be run again` +
      (missed.length === 0 ? '' : `; nothing to strike for ${missed.join(', ')}`),
    ...problems.map((problem) => `PROBLEM ${problem}`),
    ...(kept === undefined ? [] : [`its files are kept in ${kept}`]),
    '',
  ].join('\n');
}

/** All rounds by kind of fault. */
export function sumText(rounds: readonly RoundResult[], impossible: readonly string[]): string {
  const strikes = rounds.flatMap((round) => round.strikes);
  const kinds = [...new Set(strikes.map(({ fault }) => fault))].sort();
  const rows = kinds.map((kind) => {
    const own = strikes.filter(({ fault }) => fault === kind);
    const after = own.flatMap(({ workedAgainAfter }) => workedAgainAfter ?? []).sort((a, b) => a - b);
    const middle = after[Math.floor(after.length / 2)];
    return [
      kind,
      own.length,
      own.reduce((sum, { rescued }) => sum + rescued, 0),
      seconds(middle),
      seconds(after.at(-1)),
    ];
  });
  const bad = rounds.filter(({ problems }) => problems.length > 0);
  return [
    table(['fault', 'strikes', 'rescued', 'worked again after (median)', 'at most'], rows),
    ...impossible.map((reason) => `not possible here: ${reason}`),
    `${rounds.length} rounds, ${strikes.length} faults, ${rounds.reduce((sum, { jobs }) => sum + jobs, 0)} jobs: ` +
      (bad.length === 0 ? 'clean' : `problems with the seeds ${bad.map(({ seed }) => seed).join(', ')}`),
    '',
  ].join('\n');
}
