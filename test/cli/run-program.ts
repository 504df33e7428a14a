/** Programs as their users run them: the executables of bin/, built by `npm test`, in processes of their own. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { expect } from 'vitest';

export interface Ran {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs `bin/<program>`; nothing of this process's environment but the path reaches it. Undefined takes a variable out. */
export function run(
  program: string,
  args: readonly string[],
  env: Record<string, string | undefined> = {},
): Promise<Ran> {
  const options = {
    env: { PATH: process.env['PATH'], USER: 'tester', PRESSMARK_SETTINGS: '/dev/null', ...env },
    timeout: 60_000,
  };
  return new Promise((done, fail) => {
    execFile(resolve('bin', program), args, options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number')
        fail(new Error(`${program} was killed or could not start`, { cause: error }));
      else done({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

/** The same of a program that must succeed and complain of nothing: what it printed. */
export async function succeed(program: string, args: readonly string[], env: Record<string, string>): Promise<string> {
  const { exitCode, stdout, stderr } = await run(program, args, env);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

/** The same with --json. */
export async function succeedJson<T>(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<T> {
  return JSON.parse(await succeed(program, [...args, '--json'], env)) as T;
}
