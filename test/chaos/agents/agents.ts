/** The agents of a chaos world, seen from the program: a process that can be killed and started again at the same addresses. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ChaosAgents } from '../fault.js';
import type { AgentSettings, AgentsOrder, FromAgents } from './protocol.js';

const START_SECONDS = 60;

export class ForkedAgents implements ChaosAgents {
  settings: readonly AgentSettings[] = [];
  private child: ChildProcess | undefined;
  private jobs = 0;

  constructor(private readonly order: AgentsOrder) {}

  get addresses(): readonly string[] {
    return this.settings.map(({ agent }) => agent);
  }

  pid(): number | undefined {
    return this.child?.pid;
  }

  busy(): Promise<number> {
    return Promise.resolve(this.child ? this.jobs : 0);
  }

  async start(): Promise<void> {
    if (this.child) return;
    const child = fork(new URL('process.ts', import.meta.url), [JSON.stringify(this.order)], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child = child;
    this.jobs = 0;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), START_SECONDS * 1000);
      child.once('exit', (code, signal) => reject(new Error(`the agents ended with ${String(code ?? signal)}`)));
      child.on('message', (message: FromAgents) => {
        if (message.kind === 'busy') {
          this.jobs = message.jobs;
          return;
        }
        this.settings = message.settings;
        clearTimeout(timer);
        resolve();
      });
    });
    child.removeAllListeners('exit');
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child) return;
    this.child = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}
