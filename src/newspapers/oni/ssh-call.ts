/** One command over SSH: a connection of its own, one exec, and the connection closed whatever happens (newspapers spec 8.3, W28). */
import { createHash } from 'node:crypto';
import type { Client, ClientChannel } from 'ssh2';

/** How a call ended otherwise than by an answer. */
export type SshEnd = 'unreachable' | 'login refused' | 'slow' | 'closed' | 'too long';

export class SshCallFailed extends Error {
  override name = 'SshCallFailed';
  constructor(
    readonly end: SshEnd,
    reason: string,
  ) {
    super(reason);
  }
}

export interface SshCall {
  host: string;
  port: number;
  user: string;
  privateKey?: Buffer;
  command: string;
  input?: Buffer;
  /** For the connection, the key exchange and the login together. */
  dialSeconds: number;
  answerSeconds: number;
  maxBytes: number;
  signal: AbortSignal;
  /** Looks at the fingerprint (`SHA256:...`) before anything is sent. @throws when it is not the right one */
  checkHostKey: (fingerprint: string) => void;
  /** The host has proved that the key is its own; the command is sent when this resolves. */
  proven: (fingerprint: string) => Promise<void>;
}

export interface SshAnswer {
  stdout: string;
  /** Whether the host ended the command by itself. */
  isWhole: boolean;
}

/**
 * Runs the command there.
 *
 * @throws SshCallFailed, what `checkHostKey` and `proven` throw, the signal's reason
 */
export async function sshCall(call: SshCall): Promise<SshAnswer> {
  const { default: ssh2 } = await import('ssh2'); // a tenth of a second that other programs need not spend
  const { signal, answerSeconds } = call;
  signal.throwIfAborted();
  const client = new ssh2.Client();
  let close = (): void => void client.destroy();
  let stop!: () => void;
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error); // the engine aborts with Errors only
  });
  signal.addEventListener('abort', stop);
  client.on('error', () => undefined); // whoever waits listens too; between them nobody does
  try {
    await Promise.race([dial(client, call), stopped]);
    const slow = new Promise<never>((_, reject) => {
      const late = () => reject(new SshCallFailed('slow', `no answer in ${answerSeconds} s`));
      timer = setTimeout(late, answerSeconds * 1000);
    });
    const answer = await Promise.race([exec(client, call), stopped, slow]);
    close = () => endPolitely(client);
    return answer;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    close();
  }
}

/** `SHA256:` and base64 without padding, as ssh-keygen shows it. */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

async function dial(client: Client, call: SshCall): Promise<void> {
  let fingerprint = '';
  let distrust: Error | undefined;
  const hostVerifier = (key: Buffer): boolean => {
    fingerprint = fingerprintOf(key);
    try {
      call.checkHostKey(fingerprint);
      return true;
    } catch (error) {
      distrust = error as Error; // ours, to be thrown instead of what ssh2 makes of a refusal
      return false;
    }
  };
  await new Promise<void>((resolve, reject) => {
    client.once('ready', resolve);
    client.once('error', (error) => reject(distrust ?? explained(error)));
    client.once('close', () => reject(distrust ?? new SshCallFailed('unreachable', 'it hung up before the login')));
    const { host, port, user: username, privateKey, dialSeconds } = call;
    client.connect({
      ...{ host, port, username, hostVerifier, readyTimeout: dialSeconds * 1000 },
      ...(privateKey && { privateKey }),
    });
  });
  await call.proven(fingerprint);
}

function explained(error: Error & { level?: string }): SshCallFailed {
  const isLogin = error.level === 'client-authentication';
  return new SshCallFailed(isLogin ? 'login refused' : 'unreachable', error.message);
}

function exec(client: Client, { command, input, maxBytes }: SshCall): Promise<SshAnswer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    let isWhole = false;
    let trouble = 'the connection ended';
    const noteTrouble = ({ message }: Error): void => void (trouble = message);
    const finish = (): void => {
      if (size === 0 && !isWhole) reject(new SshCallFailed('closed', trouble));
      else resolve({ stdout: Buffer.concat(pieces).toString('utf8'), isWhole });
    };
    const take = (piece: Buffer): void => {
      size += piece.length;
      if (size <= maxBytes) pieces.push(piece);
      else reject(new SshCallFailed('too long', `more than ${maxBytes} bytes`));
    };
    const opened = (error: Error | undefined, channel: ClientChannel): void => {
      if (error) {
        reject(new SshCallFailed('closed', error.message));
        return;
      }
      channel.on('data', take);
      channel.stderr.resume(); // unread, it would stop the rest
      channel.on('error', noteTrouble);
      channel.once('exit', () => (isWhole = true));
      channel.once('close', finish);
      channel.end(input);
    };
    client.on('error', noteTrouble);
    client.once('close', finish);
    try {
      client.exec(command, opened);
    } catch (error) {
      reject(new SshCallFailed('closed', (error as Error).message)); // it has hung up since the login
    }
  });
}

/** Says goodbye, and does not wait for the other's. */
function endPolitely(client: Client): void {
  const timer = setTimeout(() => client.destroy(), 1000);
  client.once('close', () => clearTimeout(timer));
  client.end();
}
