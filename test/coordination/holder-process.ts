import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { until } from '../engine/support.js';
import type { FromHolder, ToHolder } from './fixtures/holder.js';
import type { StoreKind } from './stores-connect.js';

const PROGRAM = fileURLToPath(new URL('fixtures/holder.ts', import.meta.url));

/** A process that holds locks. */
export class HolderProcess {
  private readonly said: FromHolder[] = [];
  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message: FromHolder) => this.said.push(message));
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
  }

  /** Starts one; resolves when it listens. `host`: what it takes its host to be. */
  static async start(
    kind: StoreKind,
    url: string,
    options: { host?: string; expirySeconds?: number } = {},
  ): Promise<HolderProcess> {
    const child = fork(PROGRAM, {
      execArgv: ['--import', 'tsx'],
      env: {
        ...process.env,
        TEST_STORE: kind,
        TEST_STORE_URL: url,
        ...(options.host !== undefined && { TEST_HOST: options.host }),
        ...(options.expirySeconds !== undefined && { TEST_EXPIRY: String(options.expirySeconds) }),
      },
    });
    const holder = new HolderProcess(child);
    await holder.says('ready');
    return holder;
  }

  private hasEnded = () => this.child.exitCode !== null || this.child.signalCode !== null;

  tell(message: ToHolder): void {
    this.child.send(message);
  }

  async says<Kind extends FromHolder['kind']>(kind: Kind): Promise<Extract<FromHolder, { kind: Kind }>> {
    const find = () => this.said.find((message) => message.kind === kind);
    await until(`the holder says ${kind}`, () => find() !== undefined || this.hasEnded(), 90);
    const found = find();
    if (!found) throw new Error(`the holder ended before it said ${kind}`);
    return found as Extract<FromHolder, { kind: Kind }>; // just compared
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    if (signal === 'SIGKILL') await ended;
  }
}
