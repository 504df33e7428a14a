/**
 * Runs outside programs: the only place that starts a child process. No shell, a process group of its own that is
 * killed as a whole, always a time limit, output that cannot fill the memory (design 5; newspapers W39).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { FatalError } from '../engine/job.js';
import { LastOutput, WholeOutput } from './kept-output.js';
import { groupEnded, groupStarted, killGroup } from './process-group.js';
import { programEnvironment } from './program-environment.js';
import { limitMet, limitsOf, OUT_OF_MEMORY, prlimitOptions, type ResourceLimits } from './program-limits.js';
import { quoted } from './quoted.js';
import { installLine, packageOf, thisPlatform } from './tool-packages.js';

export interface RunOptions {
  /** When it aborts the whole process group is killed and the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** After this long the whole process group is killed and the call fails. */
  timeoutSeconds: number;
  cwd?: string;
  /** Beside or instead of what is inherited, which is no more than `program-environment.ts` lets through. */
  env?: Readonly<Record<string, string>>;
  /** Exit codes that are no failure; the caller looks at `exitCode`. Default: only 0. */
  okExitCodes?: readonly number[];
  /** More than this on stdout is a failure, never a silent cut. Default 64 MiB. Of stderr the last 64 KiB are kept. */
  maxOutputBytes?: number;
  /** Instead of what `program-limits.ts` says of the program. All of them hold on Linux only. */
  limits?: Partial<ResourceLimits>;
}

export interface ProgramResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** A program ended badly: an exit code that is not ok, a signal, or a limit of time, output or memory. Retrying may help. */
export class ProgramFailed extends Error {
  override name = 'ProgramFailed';
  readonly program: string;
  readonly args: readonly string[];
  /** Null when it did not end by itself. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** It wanted more memory than it may have: the reason of whatever else went wrong. */
  readonly outOfMemory: boolean;
  /** What it did when it met a limit of processor time or file size, e.g. "used more than 600 s of a processor". */
  readonly limitMet: string | undefined;

  constructor(
    run: {
      program: string;
      args: readonly string[];
      exitCode: number | null;
      signal: NodeJS.Signals | null;
      stderr: string;
      outOfMemory?: boolean;
      limitMet?: string | undefined;
    },
    /** What happened, e.g. "exited with code 2". */
    reason: string,
    options?: ErrorOptions,
  ) {
    const said = run.stderr.trim();
    super(`${[run.program, ...run.args].map(quoted).join(' ')}: ${reason}${said && `; it said: ${said}`}`, options);
    this.program = run.program;
    this.args = run.args;
    this.exitCode = run.exitCode;
    this.signal = run.signal;
    this.stderr = run.stderr;
    this.outOfMemory = run.outOfMemory ?? false;
    this.limitMet = run.limitMet;
  }
}

/** The program is not installed: a person has to act, so this is fatal. The message says what to install. */
export class ProgramMissing extends FatalError {
  override name = 'ProgramMissing';
  constructor(readonly program: string) {
    const bringer = packageOf(program);
    const remedy = bringer ? `install ${bringer}: ${installLine([bringer], thisPlatform())}` : `install ${program}`;
    super(`The program ${quoted(program)} is not in PATH (${process.env['PATH'] ?? 'unset'}); ${remedy}`);
  }
}

const DEFAULT_MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const STDERR_KEPT_BYTES = 64 * 1024;

/**
 * Runs a program to its end.
 *
 * It inherits the harmless part of the environment with `LC_ALL=C.UTF-8` (messages and numbers that can be parsed); stdin is empty. On
 * abort or timeout its process group gets SIGTERM, after two seconds SIGKILL, and the call only returns when no
 * process of the group is left, so that a retry never meets the former run. On Linux the program also dies when this
 * process is killed (`setpriv --pdeathsig`, about 1 ms per start); what the program itself has forked does not, as
 * the kernel clears that flag at a fork. None of our tools forks; under systemd the control group takes the rest.
 * Each is held to so much processor time and so large files, those that read what strangers deliver also to a share of
 * the host's memory (`prlimit`).
 *
 * @throws {ProgramFailed} on an exit code that is not ok, a signal, the time limit, too much output, or when it says that
 * memory was refused to it
 * @throws {ProgramMissing} when the program is not installed
 * @throws the signal's reason when it aborts
 */
export async function runProgram(name: string, args: readonly string[], options: RunOptions): Promise<ProgramResult> {
  const { signal, timeoutSeconds, cwd, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES } = options;
  signal?.throwIfAborted();
  const program = await findProgram(name);
  if (!program) throw new ProgramMissing(name);
  if (cwd !== undefined) await assertDirectory(cwd, name);
  const limits: ResourceLimits = { ...limitsOf(name, timeoutSeconds), ...options.limits };
  const wrappers = [...(await dyingWithParent()), ...(await heldTo(limits))];
  signal?.throwIfAborted();

  const [command = program, ...rest] = [...wrappers, program, ...args];
  const child = spawn(command, rest, {
    ...(cwd !== undefined && { cwd }),
    detached: true, // a process group of its own
    env: { ...programEnvironment(process.env), LC_ALL: 'C.UTF-8', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stopped: string | undefined;
  let killed: Promise<void> | undefined;
  const stop = (why: string) => {
    stopped ??= why;
    killed ??= endChild(child);
  };
  const stdout = new WholeOutput(maxOutputBytes, () => stop(`printed more than ${maxOutputBytes} bytes`));
  const stderr = new LastOutput(STDERR_KEPT_BYTES);
  child.stdout.on('data', (chunk: Buffer) => stdout.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
  const onAbort = () => stop('aborted');
  if (signal) setMaxListeners(0, signal); // one listener per page of a job is no leak
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => stop(`ran longer than ${timeoutSeconds} s and was killed`), timeoutSeconds * 1000);

  try {
    if (child.pid !== undefined) groupStarted(child.pid);
    const { exitCode, signal: endedBy, error } = await ending(child);
    await killed;
    if (stopped === 'aborted') signal?.throwIfAborted();
    const result = { exitCode: exitCode ?? -1, stdout: stdout.text(), stderr: stderr.text() };
    const memory = limits.memoryMegabytes;
    const outOfMemory = memory !== undefined && OUT_OF_MEMORY.test(result.stderr);
    const met = stopped === undefined ? limitMet(endedBy, limits) : undefined;
    const fail = (reason: string) =>
      new ProgramFailed(
        { program: name, args, exitCode, signal: endedBy, stderr: result.stderr, outOfMemory, limitMet: met },
        reason,
        {
          cause: error,
        },
      );
    if (outOfMemory) throw fail(`needs more than ${memory} MB of memory`);
    if (stopped !== undefined) throw fail(stopped);
    if (error) throw fail(`could not be started (${error.message})`);
    if (met !== undefined) throw fail(met);
    if (exitCode === null) throw fail(`was ended by ${endedBy ?? 'a signal'}`);
    if (!(options.okExitCodes ?? [0]).includes(exitCode)) throw fail(`exited with code ${exitCode}`);
    return result;
  } finally {
    if (child.pid !== undefined) groupEnded(child.pid);
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The full path of a program, found by PATH as execvp(3) does; undefined when it is not installed. */
export async function findProgram(name: string): Promise<string | undefined> {
  const candidates = name.includes('/')
    ? [resolve(name)]
    : (process.env['PATH'] ?? '').split(delimiter).map((directory) => resolve(join(directory, name)));
  for (const candidate of candidates) {
    const isProgram = await access(candidate, constants.X_OK)
      .then(async () => (await stat(candidate)).isFile())
      .catch(() => false);
    if (isProgram) return candidate;
  }
  return undefined;
}

async function assertDirectory(cwd: string, name: string): Promise<void> {
  const found = await stat(cwd).catch(() => undefined);
  if (!found?.isDirectory())
    throw new Error(`Cannot run ${quoted(name)} in ${quoted(cwd)}: no such directory; create it first`);
}

interface Ending {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  error?: Error;
}

/** When the program has ended and everything it printed is here. */
function ending(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ exitCode: null, signal: null, error }));
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined) await killGroup(child.pid);
  child.stdout?.destroy(); // what has left the group (a daemon it made) may still hold the pipe; wait for it no longer
  child.stderr?.destroy();
}

let prlimit: Promise<string | undefined> | undefined;

/** The command in front that holds a child to its limits, or none where there is no such thing. */
async function heldTo(limits: ResourceLimits): Promise<readonly string[]> {
  prlimit ??= process.platform === 'linux' ? findProgram('prlimit') : Promise.resolve(undefined);
  const found = await prlimit;
  return found === undefined ? [] : [found, ...prlimitOptions(limits), '--'];
}

let wrapper: Promise<readonly string[] | undefined> | undefined;

/** The command in front that makes a child die with this process, or none where there is no such thing. */
async function dyingWithParent(): Promise<readonly string[]> {
  wrapper ??= findDyingWithParent();
  const found = await wrapper;
  if (found === undefined) wrapper = undefined;
  return found ?? [];
}

/** Undefined when it could not be found out, because the machine had no time or no memory for it: asked again next time. */
async function findDyingWithParent(): Promise<readonly string[] | undefined> {
  const setpriv = process.platform === 'linux' ? await findProgram('setpriv') : undefined;
  if (!setpriv) return [];
  const command = [setpriv, '--pdeathsig', 'KILL', '--'];
  const probe = spawn(setpriv, [...command.slice(1), process.execPath, '--version'], {
    stdio: 'ignore',
    timeout: 10_000,
  });
  const { exitCode } = await ending(probe);
  if (exitCode === null) return undefined;
  return exitCode === 0 ? command : []; // busybox and util-linux before 2.33 know no --pdeathsig
}
