import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FatalError } from '../../src/engine/job.js';
import { findProgram, ProgramFailed, ProgramMissing, runProgram } from '../../src/files/programs.js';
import { until } from '../engine/support.js';

let directory: string;
let server: Server;
/** Processes under test hold a line to us: it closes when they die, however they die. */
const lines: Socket[] = [];
let onLine: (socket: Socket) => void = () => undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'programs '));
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    lines.push(socket);
    onLine(socket);
  });
  server.listen(join(directory, 'lines'));
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of lines.splice(0)) socket.destroy();
  server.close();
  onLine = () => undefined;
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

/** The next process that calls us; its first bytes are here, so it is up. */
const nextLine = () =>
  new Promise<Socket>((resolve) => (onLine = (socket) => socket.once('data', () => resolve(socket))));
const closed = (socket: Socket) => (socket.destroyed ? Promise.resolve() : once(socket, 'close'));

/** A program that calls us and then stays for ever, deaf to SIGTERM. */
const stay = () =>
  `process.on('SIGTERM', () => {}); require('node:net').connect(${JSON.stringify(join(directory, 'lines'))}).on('error', () => process.exit()).resume().write('up')`;

describe('a program that ends by itself', () => {
  test('gives its exit code and what it printed', async () => {
    const script = 'console.log(process.argv[1]); console.error("a warning"); process.exitCode = 3';
    const arg = "two words; $(not a shell) 'ü'\n";
    const result = await runProgram('node', ['-e', script, arg], { timeoutSeconds: 60, okExitCodes: [0, 3] });
    expect(result).toEqual({ exitCode: 3, stdout: `${arg}\n`, stderr: 'a warning\n' });
  });

  test('runs in the directory asked for, with nothing on stdin', async () => {
    const { stdout } = await runProgram('sh', ['-c', 'pwd; cat'], { timeoutSeconds: 60, cwd: directory });
    expect(stdout).toBe(`${directory}\n`);
  });

  test('fails on an exit code that is not ok, and says which program, with what, and why', async () => {
    const failure = runProgram('sh', ['-c', 'echo broken input >&2; exit 2'], { timeoutSeconds: 60 });
    await expect(failure).rejects.toThrow(
      'sh -c "echo broken input >&2; exit 2": exited with code 2; it said: broken input',
    );
    await expect(failure).rejects.toMatchObject({ program: 'sh', exitCode: 2, signal: null, stderr: 'broken input\n' });
  });

  test('fails when a signal ended it', async () => {
    const failure = runProgram('sh', ['-c', 'kill -SEGV $$'], { timeoutSeconds: 60 });
    await expect(failure).rejects.toMatchObject({ name: 'ProgramFailed', exitCode: null, signal: 'SIGSEGV' });
  });
});

describe('a program that must be stopped', () => {
  test('at its time limit, it and what it started are killed, deaf to SIGTERM or not', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }); // the limit comes when it has started, however long that took
    const script = `trap '' TERM; sleep 1000 & echo $! > grandchild; echo started; wait; sleep 1000`;
    const failure = runProgram('sh', ['-c', script], { timeoutSeconds: 600, cwd: directory });
    failure.catch(() => undefined);
    const written = () => readFile(join(directory, 'grandchild'), 'utf8').catch(() => '');
    await until('what it started has said so', async () => (await written()).endsWith('\n'));
    const grandchild = (await written()).trim();
    vi.advanceTimersByTime(600_000);
    await expect(failure).rejects.toThrow('ran longer than 600 s and was killed');
    await expect(failure).rejects.toBeInstanceOf(ProgramFailed);
    expect(await stateOf(grandchild)).toBe('gone');
  });

  test('on abort, the call rejects with the reason, and only when the whole group is dead', async () => {
    const abort = new AbortController();
    const ups = [nextLine()];
    const script = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stay())}], { stdio: 'inherit' })`;
    const running = runProgram('node', ['-e', `process.on('SIGTERM', () => {}); ${script}`], {
      signal: abort.signal,
      timeoutSeconds: 60,
    });
    running.catch(() => undefined);
    const grandchild = await ups[0];
    if (!grandchild) throw new Error('no grandchild');
    const reason = new Error('the job was cancelled');
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    await closed(grandchild);
  });

  test('a signal that is aborted already starts nothing', async () => {
    const reason = new Error('too late');
    const options = { signal: AbortSignal.abort(reason), timeoutSeconds: 60, cwd: directory };
    await expect(runProgram('touch', ['made'], options)).rejects.toBe(reason);
    await expect(readFile(join(directory, 'made'))).rejects.toThrow('ENOENT');
  });

  test('one that prints without end is killed at the limit, never cut silently', async () => {
    const options = { timeoutSeconds: 60, maxOutputBytes: 100_000 };
    await expect(runProgram('yes', [], options)).rejects.toThrow('yes: printed more than 100000 bytes');
  });

  test('of endless complaints on stderr only the end is kept', async () => {
    const script = `for (let i = 0; i < 50_000; i++) console.error('warning ' + i)`;
    const { stderr } = await runProgram('node', ['-e', script], { timeoutSeconds: 60 });
    expect(stderr.length).toBeLessThanOrEqual(64 * 1024 + 2);
    expect(stderr).toMatch(/^… [^]*warning 49999\n$/);
  });

  test.skipIf(process.platform !== 'linux')('one that wants more memory than it may have', async () => {
    const greedy = ['-c', 'exec "$0" -e "Buffer.alloc(3e9)"', process.execPath];
    await expect(runProgram('sh', greedy, { timeoutSeconds: 60, limits: { memoryMegabytes: 400 } })).rejects.toThrow(
      ProgramFailed,
    );
    const said = ['-c', 'echo "terminate called after throwing std::bad_alloc" >&2; kill -ABRT $$'];
    const failure = runProgram('sh', said, { timeoutSeconds: 60, limits: { memoryMegabytes: 400 } });
    await expect(failure).rejects.toThrow(/needs more than 400 MB of memory/);
    await expect(failure).rejects.toMatchObject({ outOfMemory: true, signal: 'SIGABRT' });
  });

  test('a program that leaves its group behind with our pipe in hand does not hang us', async () => {
    const up = nextLine();
    const abort = new AbortController();
    const script = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stay())}], { stdio: 'inherit', detached: true }).unref()`;
    const running = runProgram('node', ['-e', script], { signal: abort.signal, timeoutSeconds: 60 });
    running.catch(() => undefined);
    const daemon = await up;
    abort.abort(new Error('stop'));
    await expect(running).rejects.toThrow('stop');
    daemon.destroy();
  });
});

describe('a parent that dies', () => {
  const parent = (last: string) =>
    spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        `import { runProgram } from ${JSON.stringify(new URL('../../src/files/programs.ts', import.meta.url).href)};
         runProgram('node', ['-e', ${JSON.stringify(stay())}], { timeoutSeconds: 600 }).catch(() => undefined);
         ${last}`,
      ],
      { stdio: 'inherit' },
    );

  test.skipIf(process.platform !== 'linux')('by kill -9 takes its programs along', async () => {
    expect(await findProgram('setpriv')).toBeDefined();
    const up = nextLine();
    const daemon = parent('');
    const program = await up;
    daemon.kill('SIGKILL');
    await closed(program);
  });

  test('by process.exit takes its programs along', async () => {
    const up = nextLine();
    parent(`process.once('SIGUSR2', () => process.exit(1))`).once('spawn', function (this: ReturnType<typeof spawn>) {
      void up.then(() => this.kill('SIGUSR2'));
    });
    await closed(await up);
  });
});

describe('a program that is not there', () => {
  test('fails for good and says what to install', async () => {
    vi.stubEnv('PATH', directory);
    const failure = runProgram('pdftoppm', [], { timeoutSeconds: 60 });
    await expect(failure).rejects.toBeInstanceOf(ProgramMissing);
    await expect(failure).rejects.toBeInstanceOf(FatalError);
    await expect(failure).rejects.toThrow(/The program pdftoppm is not in PATH .*; install poppler-utils: .*poppler/);
    await expect(runProgram('no-such-thing', [], { timeoutSeconds: 60 })).rejects.toThrow('install no-such-thing');
  });

  test('a file that cannot be executed is no program; the next in PATH is taken', async () => {
    await writeFile(join(directory, 'sh'), '');
    vi.stubEnv('PATH', `${directory}:${process.env['PATH'] ?? ''}`);
    expect(await findProgram('sh')).toMatch(/bin\/sh$/);
    await chmod(join(directory, 'sh'), 0o755);
    expect(await findProgram('sh')).toBe(join(directory, 'sh'));
  });

  test('a working directory that is not there is named', async () => {
    const options = { timeoutSeconds: 60, cwd: join(directory, 'no where') };
    await expect(runProgram('true', [], options)).rejects.toThrow(/Cannot run true in ".*no where": no such directory/);
  });
});

async function stateOf(pid: string): Promise<'alive' | 'gone'> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined); // a bare Debian has no ps
  return stat === undefined || / Z /.test(stat) ? 'gone' : 'alive';
}
