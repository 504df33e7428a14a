/** A `run-jobs watch` of a chaos world, and what systemd would be to it: it is started again a moment after it ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosDaemon } from './fault.js';

const RESTART_AFTER_MS = 500;
const TAKES_WORK = '"taking work"';

export interface DaemonOptions {
  host: string;
  /** `settings.env`, `control/` and `logs/` are in it. */
  root: string;
  settingsFile: string;
  /** What comes before the command line: gives it its host name, and its network. */
  prefix: readonly string[];
  /** Modules that are loaded before anything else. */
  preloads: readonly string[];
  queues: string;
}

export class SupervisedDaemon implements ChaosDaemon {
  readonly host: string;
  readonly control: string;
  /** Lives so far. */
  starts = 0;
  /** Ends that nobody had asked for, of a daemon that had begun to take work: faults of Pressmark. */
  readonly unasked: string[] = [];
  private child: ChildProcess | undefined;
  private isWanted = false;
  private life = { isAskedToEnd: false, tookWork: false };
  private supervised: Promise<void> | undefined;
  private readonly logs: WriteStream;

  constructor(private readonly options: DaemonOptions) {
    this.host = options.host;
    this.control = join(options.root, 'control', options.host);
    mkdirSync(this.control, { recursive: true });
    mkdirSync(join(options.root, 'logs'), { recursive: true });
    this.logs = createWriteStream(join(options.root, 'logs', `${options.host}.log`), { flags: 'a' });
  }

  start(): void {
    this.isWanted = true;
    this.supervised ??= this.supervise();
  }

  pid(): number | undefined {
    return this.isUp() ? this.child?.pid : undefined;
  }

  isUp(): boolean {
    return this.child?.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') this.life.isAskedToEnd = true;
    this.child?.kill(signal);
  }

  async ended(): Promise<void> {
    if (this.isUp() && this.child) await once(this.child, 'exit');
  }

  /** Ends it for good, as `systemctl stop` does; killed when it does not end. */
  async stop(withinSeconds = 60): Promise<void> {
    this.isWanted = false;
    this.signal('SIGTERM');
    const killer = setTimeout(() => {
      this.unasked.push(`${this.host} did not end within ${withinSeconds} s of SIGTERM`);
      this.signal('SIGKILL');
    }, withinSeconds * 1000);
    await this.supervised;
    clearTimeout(killer);
    this.logs.end();
  }

  /** Ends it at once, whatever it is at. */
  async kill(): Promise<void> {
    this.isWanted = false;
    this.signal('SIGKILL');
    await this.supervised;
    this.logs.end();
  }

  private async supervise(): Promise<void> {
    for (let life = 0; this.isToLive(); life++) {
      if (life > 0) await sleep(RESTART_AFTER_MS);
      if (this.isToLive()) await this.live();
    }
    this.supervised = undefined;
  }

  private isToLive(): boolean {
    return this.isWanted;
  }

  private async live(): Promise<void> {
    const { prefix, preloads, settingsFile, queues } = this.options;
    const own = [process.execPath, 'bin/run-jobs', 'watch', '--settings', settingsFile, '--queues', queues];
    const [program = '', ...args] = [...prefix, ...own];
    const life = { isAskedToEnd: false, tookWork: false };
    this.life = life;
    this.starts++;
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NODE_OPTIONS: preloads.map((preload) => `--import=${preload}`).join(' '),
        CHAOS_CONTROL: this.control,
      },
    });
    this.child = child;
    let lastLines = '';
    const keep = (piece: Buffer): void => {
      this.logs.write(piece);
      lastLines = (lastLines + piece.toString()).slice(-4000);
      life.tookWork ||= lastLines.includes(TAKES_WORK);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    this.logs.write(`# ${new Date().toISOString()} ended: ${String(code ?? signal)}\n`);
    if (life.tookWork && !life.isAskedToEnd)
      this.unasked.push(`${this.host} ended by itself with ${String(code ?? signal)}: ${lastLines.slice(-1500)}`);
  }
}
