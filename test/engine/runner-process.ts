import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { TestDatabase } from '../support/database.js';
import type { FromRunner, ToRunner } from './fixtures/crash-jobs.js';
import { until } from './support.js';

const PROGRAM = fileURLToPath(new URL('fixtures/runner-process.ts', import.meta.url));
const environment = (own: TestDatabase, leaseSeconds: number, graceSeconds: number) => ({
  ...process.env,
  TEST_URL: own.url,
  TEST_LEASE: String(leaseSeconds),
  TEST_GRACE: String(graceSeconds),
});

/** A runner in a process of its own; what it says is kept. */
export class RunnerProcess {
  readonly said: FromRunner[] = [];
  private readonly exit: Promise<unknown>;

  private constructor(private readonly child: ChildProcess) {
    this.exit = once(child, 'exit');
    child.on('message', (message: FromRunner) => this.said.push(message));
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await this.exit; // it sends nothing into the next test's tables
    });
  }

  /** Starts one; resolves when it takes work. */
  static async start(
    own: TestDatabase,
    options: { leaseSeconds?: number; graceSeconds?: number } = {},
  ): Promise<RunnerProcess> {
    const child = fork(PROGRAM, {
      execArgv: ['--import', 'tsx'],
      env: environment(own, options.leaseSeconds ?? 3600, options.graceSeconds ?? 0),
    });
    const runner = new RunnerProcess(child);
    await runner.says('taking');
    return runner;
  }

  get runnerId(): number {
    return this.said.find((message) => message.kind === 'taking')?.runnerId ?? 0;
  }

  /** Waits until it has said something of this kind (about the named job). */
  async says<Kind extends FromRunner['kind']>(kind: Kind, name?: string): Promise<Extract<FromRunner, { kind: Kind }>> {
    const find = () =>
      this.said.find(
        (message) => message.kind === kind && (name === undefined || ('name' in message && message.name === name)),
      );
    await until(`the process says ${kind} ${name ?? ''}`, () => find() !== undefined || this.child.exitCode !== null);
    const found = find();
    if (!found) throw new Error(`the process ended with code ${this.child.exitCode ?? 'none'} before it said ${kind}`);
    return found as Extract<FromRunner, { kind: Kind }>; // just compared
  }

  /** Lets a waiting job end. */
  end(name: string): void {
    this.child.send({ end: name } satisfies ToRunner);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Waits for its end; returns its exit code. */
  async ended(): Promise<number | null> {
    await this.exit;
    return this.child.exitCode;
  }
}

/** A runner whose parent never waits for its children, as in many a container. Returns its process id. */
export function startUnreaped(own: TestDatabase): Promise<number> {
  const parent = spawn('sh', ['-c', '"$0" --import tsx "$1" & echo $!; exec sleep 300', process.execPath, PROGRAM], {
    env: environment(own, 3600, 0),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    parent.kill('SIGKILL');
  });
  return new Promise((resolve) => parent.stdout.once('data', (line: Buffer) => resolve(Number(line.toString()))));
}
