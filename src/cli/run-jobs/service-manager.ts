/**
 * Talks to systemd (sd_notify(3)): ready, alive, stopping. Node has no datagram sockets of the file system, so each message is sent by
 * systemd's own `systemd-notify`, which is there wherever the unit runs (`NotifyAccess=all`); a few milliseconds, twice a minute.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { runProgram } from '../../files/programs.js';

/** `systemd-notify` waits until the manager has read the message; one that does not is restarting. */
const SENT_WITHIN_S = 10;

/** How long after a vain READY=1 the next is sent: without it the manager would kill a daemon that works. */
const READY_AGAIN_MS = 1000;

/** Four messages in each WatchdogSec: some may fail, or come while a step takes its time. */
const PER_WATCHDOG = 4;

/** Who is asked whether it may be said that this daemon is alive. */
export interface Watched {
  /** One line for `systemctl status`. */
  describe: () => string;
  /** Whether its loop really turns; an outage that is known and handled is no standstill. */
  isTurning: () => boolean;
}

export class ServiceManager {
  private timer: NodeJS.Timeout | undefined;
  private sending = Promise.resolve(true);
  private isFailing = false;
  private isStopping = false;

  private constructor(
    private readonly socket: string,
    private readonly watchdogMs: number | undefined,
  ) {}

  /**
   * The service manager that started this process; undefined when none did, or it wants no messages. What it told in the environment
   * is taken out of it: it is not meant for child processes.
   */
  static of(env: NodeJS.ProcessEnv): ServiceManager | undefined {
    const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env;
    for (const key of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) Reflect.deleteProperty(env, key);
    if (!socket) return undefined;
    const isForUs = pid === undefined || Number(pid) === process.pid;
    const microseconds = Number(usec);
    return new ServiceManager(socket, isForUs && microseconds > 0 ? microseconds / 1000 : undefined);
  }

  /** The service is up: what is ordered after it may start. From now on it says regularly that it is alive, as long as that is true. */
  ready(watched: Watched, log: Logger): void {
    void this.sayReady(watched, log);
    if (this.watchdogMs === undefined) return;
    let wasTurning = true;
    this.timer = setInterval(() => {
      const isTurning = watched.isTurning();
      if (isTurning) void this.send(log, 'WATCHDOG=1', `STATUS=${watched.describe()}`);
      else if (wasTurning)
        log.error('the loop that asks for work hangs: nothing more is told to the watchdog, which will restart this daemon'); // prettier-ignore
      wasTurning = isTurning;
    }, this.watchdogMs / PER_WATCHDOG);
  }

  /** The service ends; the manager's own limit for that (TimeoutStopSec) counts from here. */
  async stopping(log: Logger): Promise<void> {
    clearInterval(this.timer);
    this.isStopping = true;
    await this.send(log, 'STOPPING=1', 'STATUS=stopping: running jobs may finish');
  }

  private async sayReady(watched: Watched, log: Logger): Promise<void> {
    while (!this.isStopping && !(await this.send(log, 'READY=1', `STATUS=${watched.describe()}`)))
      await sleep(READY_AGAIN_MS, undefined, { ref: false });
  }

  /** One after the other, so that none overtakes another; never throws. @returns whether it was told */
  private send(log: Logger, ...assignments: string[]): Promise<boolean> {
    this.sending = this.sending.then(async () => {
      try {
        await runProgram('systemd-notify', assignments, {
          timeoutSeconds: SENT_WITHIN_S,
          env: { NOTIFY_SOCKET: this.socket },
        });
        this.isFailing = false;
      } catch (error) {
        if (!this.isFailing) log.warn({ err: error }, 'the service manager could not be told; it is tried again');
        this.isFailing = true;
      }
      return !this.isFailing;
    });
    return this.sending;
  }
}
