/**
 * Runs PostgreSQL's own programs (initdb, pg_ctl, postgres --version), as another user when asked. They cannot go
 * through src/files/programs.ts: that layer lies above this one, and the server must outlive the program that starts it.
 */
import { execFile } from 'node:child_process';

/** The user that owns the data directory and runs the server; `undefined`: whoever we are. */
export interface ServerAccount {
  name: string;
  uid: number;
  gid: number;
}

export interface ServerProgramResult {
  ok: boolean;
  stdout: string;
  /** What it said on stderr, or why it could not be run at all. */
  reason: string;
}

/** Runs a program to its end and tells how it went; killed after the timeout. Never rejects. */
export function runServerProgram(
  file: string,
  args: readonly string[],
  options: { account: ServerAccount | undefined; timeoutSeconds: number },
): Promise<ServerProgramResult> {
  const { account, timeoutSeconds } = options;
  return new Promise((resolve) => {
    execFile(
      file,
      args,
      {
        cwd: '/', // the account may not be allowed where we stand
        env: serverEnvironment(),
        timeout: timeoutSeconds * 1000,
        killSignal: 'SIGKILL',
        maxBuffer: 16 * 1024 * 1024,
        ...(account && { uid: account.uid, gid: account.gid }),
      },
      (error, stdout, stderr) => {
        if (!error) {
          resolve({ ok: true, stdout, reason: stderr.trim() });
          return;
        }
        const said = [stderr, stdout].map((text) => text.trim()).filter(Boolean);
        const why = error.killed ? `no end after ${timeoutSeconds} s` : error.message.split('\n')[0];
        resolve({ ok: false, stdout, reason: said.join('\n') || (why ?? 'unknown reason') });
      },
    );
  });
}

/** No secrets of ours for the server's user to read, no PGDATA or PGPORT of somebody's shell, messages in English. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TZ, LD_LIBRARY_PATH } = process.env;
  return { LC_ALL: 'C', PATH: PATH ?? '/usr/bin:/bin', ...(TZ && { TZ }), ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }) };
}
