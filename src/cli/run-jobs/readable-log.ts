/** The daemon's log lines for people at a terminal. */
import pretty from 'pino-pretty';
import { printableLines } from '../printable.js';

/**
 * Takes JSON lines of pino and writes them so that people can read them. Names, titles, and what programs, agents and
 * sites said stand in them: nothing of it can command the terminal.
 *
 * @param destination a file descriptor, or a stream
 */
export function readableLog(destination: number | NodeJS.WritableStream): { write: (line: string) => void } {
  const stream = pretty({
    destination,
    sync: true,
    ignore: 'pid,hostname,runner',
    messageFormat: '{if pipeline}{pipeline}.{job} {type}: {end}{msg}',
    hideObject: false,
  });
  const shown = (_key: string, value: unknown): unknown => (typeof value === 'string' ? printableLines(value) : value);
  return { write: (line) => void stream.write(`${JSON.stringify(JSON.parse(line, shown))}\n`) };
}
