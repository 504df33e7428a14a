/** A contender's daemon, seen from the bench: a process that is started, told what to do, and ended. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromDaemon, Ran, Start, ToDaemon } from './daemons/protocol.js';

export interface DaemonCost {
  cpuSeconds: number;
  rssMegabytes: number;
}

export class DaemonProcess {
  private constructor(private readonly child: ChildProcess) {}

  /**
   * Resolves when its modules are loaded: what comes after is its work.
   *
   * @param host the name it has for its host, if not this machine's; for root only
   */
  static async load(program: URL, host?: string): Promise<DaemonProcess> {
    const options = { stdio: ['ignore' as const, 'inherit' as const, 'inherit' as const, 'ipc' as const] };
    const node = [process.execPath, ...process.execArgv, fileURLToPath(program)];
    const daemon = new DaemonProcess(
      host === undefined
        ? fork(program, options)
        : spawn('unshare', ['--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', host, ...node], options),
    );
    await daemon.until('loaded');
    return daemon;
  }

  start(order: Omit<Start, 'kind'>): void {
    this.send({ kind: 'start', ...order });
  }

  /** Resolves when it has begun to take work. */
  async taking(): Promise<void> {
    await this.until('taking');
  }

  /** Resolves when all expected jobs have run. @throws Error after the limit: the contender lost jobs or stands still */
  async ran(limitSeconds: number): Promise<Ran> {
    return this.until('ran', limitSeconds);
  }

  onStarted(listener: (pipeline: number, at: bigint) => void): void {
    this.child.on('message', (message: FromDaemon) => {
      if (message.kind === 'started') listener(message.pipeline, BigInt(message.at));
    });
  }

  /** Stops taking work; the process stays, and can be started again. */
  async pause(): Promise<void> {
    const paused = this.until('paused');
    this.send({ kind: 'pause' });
    await paused;
  }

  /** For when something failed; does nothing to one that has ended. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  async stop(): Promise<DaemonCost> {
    const exit = once(this.child, 'exit');
    const stopped = this.until('stopped');
    this.send({ kind: 'stop' });
    const cost = await stopped;
    await exit;
    return cost;
  }

  private send(message: ToDaemon): void {
    this.child.send(message);
  }

  private until<Kind extends FromDaemon['kind']>(
    kind: Kind,
    limitSeconds = 60,
  ): Promise<Extract<FromDaemon, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: FromDaemon) => {
        if (message.kind !== kind) return;
        end();
        resolve(message as Extract<FromDaemon, { kind: Kind }>); // just compared
      };
      const onExit = (code: number | null) => {
        end();
        reject(
          new Error(`the daemon ended with code ${code ?? 'none'} before it said "${kind}"; see its output above`),
        );
      };
      const timer = setTimeout(() => {
        end();
        this.child.kill('SIGKILL');
        reject(new Error(`the daemon did not say "${kind}" within ${limitSeconds} s`));
      }, limitSeconds * 1000);
      const end = () => {
        clearTimeout(timer);
        this.child.off('message', onMessage).off('exit', onExit);
      };
      this.child.on('message', onMessage).on('exit', onExit);
    });
  }
}
