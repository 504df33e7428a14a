import { setTimeout as sleep } from 'node:timers/promises';
import { bytesText, type Summary } from './report.js';

/** A terminal that somebody looks at. */
export interface Watched {
  write: (text: string) => void;
  /** Lets a second pass. */
  second: () => Promise<unknown>;
}

const terminal: Watched = { write: (text) => void process.stderr.write(text), second: () => sleep(1000) };

/** Says what will be deleted, and lets the seconds pass in which a person can still end it. */
export async function countDown(
  { issues, bytes, names }: Summary,
  seconds: number,
  { write, second }: Watched = terminal,
): Promise<void> {
  const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
  const what = issues === 1 ? '1 issue' : `${issues} issues`;
  write(red(`The workflow files of ${what} (${bytesText(bytes)}) will be DELETED. Batches: ${names.join(', ')}\n`));
  for (let left = seconds; left > 0; left--) {
    write(`\rIn ${String(left).padStart(2)} s; Ctrl-C ends it. `);
    await second();
  }
  write('\n');
}
