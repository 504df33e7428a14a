import type { Command } from 'commander';
import { printableJson } from '../printable.js';
import type { CommonOptions } from '../program.js';
import { visible } from '../table.js';

/**
 * Does something to each of several pipelines: each is its own transaction, one refusal does not stop the others, any makes the
 * exit code 1. For people what was done is told on stdout and what was refused on stderr, as it happens; `--json` prints one array.
 */
export async function each<Done extends object>(
  command: Command,
  ids: readonly number[],
  act: (id: number) => Promise<Done>,
  line: (id: number, done: Done) => string,
): Promise<void> {
  const { json } = command.optsWithGlobals<CommonOptions>();
  const outcomes: object[] = [];
  try {
    for (const id of new Set(ids)) {
      try {
        const done = await act(id);
        outcomes.push({ id, ...done });
        if (!json) process.stdout.write(`${visible(line(id, done))}\n`);
      } catch (error) {
        if ((error as Error).name !== 'Refused') throw error;
        outcomes.push({ id, refused: (error as Error).message });
        if (!json) process.stderr.write(`${visible((error as Error).message)}\n`);
        process.exitCode = 1;
      }
    }
  } finally {
    if (json) process.stdout.write(`${printableJson(outcomes, 2)}\n`); // also when the database went away in the middle
  }
}
