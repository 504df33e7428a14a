/** The other end of NOTIFY_SOCKET: keeps what it is told, and says when its watchdog would have acted. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from '../engine/support.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Node has no datagram sockets of the file system; Perl is on every Debian. Reading drops the descriptor of a BARRIER, which is its answer. */
const RECEIVER = `
  use Socket; $| = 1;
  socket(S, PF_UNIX, SOCK_DGRAM, 0) and bind(S, sockaddr_un($ARGV[0])) or die $!;
  print "bound\\n";
  my $fed = 0;
  for (;;) {
    my $waiting = ''; vec($waiting, fileno(S), 1) = 1;
    if (select($waiting, undef, undef, $fed ? $ARGV[1] : undef) == 0) { print "WATCHDOG EXPIRED\\n"; $fed = 0; next }
    defined recv(S, my $message, 65536, 0) or die $!;
    next if $message =~ /^BARRIER=/;
    $fed = 1 if $message =~ /^(READY|WATCHDOG)=1/; $fed = 0 if $message =~ /^STOPPING=1/;
    $message =~ tr/\\n/|/; print "$message\\n";
  }`;

export interface ServiceManagerStandIn {
  /** For the daemon's environment. */
  env: Record<string, string>;
  /** What came so far, e.g. `READY=1|STATUS=...`; \`WATCHDOG EXPIRED\` when nothing came for its time. */
  told: () => string[];
  count: (start: string) => number;
  untilTold: (start: string, times?: number) => Promise<void>;
}

/** Starts one, at a socket of its own unless told; ended with the test. */
export async function startServiceManager(watchdogSeconds: number, at?: string): Promise<ServiceManagerStandIn> {
  const socket = at ?? join(await temporaryDirectory(), 'notify');
  const child = spawn('perl', ['-e', RECEIVER, socket, String(watchdogSeconds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const told = () =>
    text
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== 'bound');
  const count = (start: string) => told().filter((line) => line.startsWith(start)).length;
  await until('the socket is there', () => text.startsWith('bound'));
  return {
    env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: String(watchdogSeconds * 1e6) },
    told,
    count,
    untilTold: (start, times = 1) => until(`${start} was told ${times} times`, () => count(start) >= times, 90),
  };
}
