import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { FatalError } from '../../src/engine/job.js';
import { copyTree } from '../../src/files/copy-tree.js';
import { NotEnoughSpace, type Statfs } from '../../src/files/free-space.js';
import { UnsafeEntries } from '../../src/files/read-directory.js';
import { closeThreads } from '../../src/files/threads.js';
import { makeTree, readTree, scratch, treeContent } from './trees.js';

const { at } = scratch();
afterAll(() => closeThreads());
const [from, to] = [() => at('from'), () => at('some', 'where', 'to')];

describe('copying a tree', () => {
  test('brings everything over, whatever the names, and a second time copies nothing', async () => {
    let run = 0;
    const copies = async (content: Parameters<typeof makeTree>[1]) => {
      const [source, target] = [at(`from${++run}`), at(`to${run}`)];
      makeTree(source, content);
      await copyTree(source, target);
      expect(readTree(target)).toEqual(content);
      expect(await copyTree(source, target)).toMatchObject({ copied: [], files: Object.keys(content).length });
    };
    await fc.assert(fc.asyncProperty(treeContent, copies), { numRuns: 30 });
  });

  test('carries on: what is missing or has another size is copied, the rest stays as it is', async () => {
    makeTree(from(), { 'a.pdf': 'aaa', 'b.pdf': 'bbb', 'deep/c.pdf': 'ccc' });
    makeTree(to(), { 'a.pdf': 'AAA', 'b.pdf': 'b', 'extra.pdf': 'x' });
    expect((await copyTree(from(), to())).copied.map(({ path }) => path)).toEqual(['b.pdf', 'deep/c.pdf']);
    expect(readTree(to())).toEqual({ 'a.pdf': 'AAA', 'b.pdf': 'bbb', 'deep/c.pdf': 'ccc', 'extra.pdf': 'x' });
  });

  test('what a killed run left is cleared away on one side and not taken along from the other', async () => {
    const rest = '.pressmark-0123abcd-0123456789abcdef.pdf';
    makeTree(from(), { 'a.pdf': 'a', [rest]: 'rest', [`deep/${rest}`]: 'rest' });
    makeTree(to(), { [rest]: 'half' });
    await copyTree(from(), to());
    expect(readTree(to())).toEqual({ 'a.pdf': 'a', 'deep/': '' });
  });

  test('keeps permissions and times; the owner may always read and write, set-id bits go', async () => {
    makeTree(from(), { 'a.pdf': '', 'b.pdf': '', 'deep/c.pdf': '' });
    chmodSync(at('from', 'a.pdf'), 0o440);
    chmodSync(at('from', 'b.pdf'), 0o4755);
    chmodSync(at('from', 'deep'), 0o2550);
    chmodSync(from(), 0o750);
    utimesSync(at('from', 'a.pdf'), 1, 1_000_000_000.5);
    await copyTree(from(), to());
    const mode = (path: string) => (statSync(`${to()}/${path}`).mode & 0o7777).toString(8);
    expect(['', 'a.pdf', 'b.pdf', 'deep'].map(mode)).toEqual(['750', '640', '755', '750']);
    expect(statSync(`${to()}/a.pdf`).mtimeMs).toBe(1_000_000_000_500);
  });

  test('reports how far it is', async () => {
    makeTree(from(), {});
    for (const name of ['a', 'b', 'c'])
      truncateSync((writeFileSync(at('from', name), ''), at('from', name)), 2_500_000);
    makeTree(to(), {});
    writeFileSync(`${to()}/a`, Buffer.alloc(2_500_000));
    const reports: [number, number, string][] = [];
    await copyTree(from(), to(), { progress: { report: (...report) => reports.push(report) } });
    expect(reports[0]?.[0]).toBeGreaterThanOrEqual(3);
    expect(reports[0]?.slice(1)).toEqual([8, 'MB']);
    expect(reports.at(-1)).toEqual([8, 8, 'MB']);
  });

  test('a big tree', async () => {
    for (let i = 0; i < 20; i++) {
      makeTree(
        at('from', `issue ${i}`),
        Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`${n}.pdf`, `page ${n}`])),
      );
    }
    expect(await copyTree(from(), to())).toMatchObject({ files: 1000 });
    expect(readTree(to())).toEqual(readTree(from()));
  });
});

describe('what is refused, before anything is written', () => {
  const untouched = async (pattern: RegExp, kind: new (...args: never[]) => Error) => {
    const failure = copyTree(from(), to());
    await expect(failure).rejects.toThrow(pattern);
    await expect(failure).rejects.toBeInstanceOf(kind);
    expect(() => statSync(`${to()}/a.pdf`)).toThrow('ENOENT');
  };

  test('symlinks, pipes and sockets at any depth: all are named, and fatal', async () => {
    makeTree(from(), { 'a.pdf': '', 'deep/b.pdf': '' });
    symlinkSync('/etc/passwd', at('from', 'deep', 'c.pdf'));
    execFileSync('mkfifo', [at('from', 'pipe')]);
    const server = createServer().listen(at('from', 'socket'));
    await once(server, 'listening');
    await untouched(/deep\/c\.pdf" \(symlink\), .*pipe" \(special\), .*socket" \(special\)/, UnsafeEntries);
    await untouched(/./, FatalError);
    server.close();
  });

  test('a symlink in the target, which would lead the copy astray', async () => {
    makeTree(from(), { 'a.pdf': '', 'deep/b.pdf': '' });
    makeTree(to(), {});
    symlinkSync('/tmp', `${to()}/deep`);
    await untouched(/to\/deep" \(symlink\)/, UnsafeEntries);
  });

  test('names that are not UTF-8', async () => {
    makeTree(from(), { 'a.pdf': '' });
    writeFileSync(Buffer.concat([Buffer.from(`${from()}/`), Buffer.from([0xe9, 0x2e])]), '');
    await untouched(/\(name is not UTF-8\)/, UnsafeEntries);
  });

  test('one side inside the other, or the same', async () => {
    makeTree(from(), { 'a.pdf': '' });
    await expect(copyTree(from(), at('from', 'copy'))).rejects.toThrow(/one is in the other/);
    await expect(copyTree(from(), from())).rejects.toThrow(/one is in the other/);
    await copyTree(from(), at('from2'));
  });

  test('a file where a directory must be, and the other way round', async () => {
    makeTree(from(), { 'a.pdf': '', 'b/c.pdf': '' });
    makeTree(to(), { b: 'a file' });
    await untouched(/to\/b" a file stands where a directory must be/, FatalError);
    makeTree(at('other'), { 'a.pdf/x': '' });
    await expect(copyTree(from(), at('other'))).rejects.toThrow(/a directory stands where a file must be/);
  });

  test('too little room: only what is still missing counts, and some is spared', async () => {
    makeTree(from(), {});
    for (const name of ['a.pdf', 'b.pdf']) writeFileSync(at('from', name), Buffer.alloc(2_000_000));
    const megabytesFree =
      (free: number): Statfs =>
      (path) => {
        if (path === to()) return Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' }));
        return Promise.resolve({ bavail: free * 250, bsize: 4000 });
      };
    const full = copyTree(from(), to(), { look: megabytesFree(71) });
    await expect(full).rejects.toBeInstanceOf(NotEnoughSpace);
    await expect(full).rejects.not.toBeInstanceOf(FatalError);
    await expect(full).rejects.toThrow(/to" has 71 MB free, 5 MB are needed \(and 68 MB to spare\); make room/);
    makeTree(to(), {});
    writeFileSync(`${to()}/a.pdf`, Buffer.alloc(2_000_000));
    const enough: Statfs = () => Promise.resolve({ bavail: 70 * 250, bsize: 4000 });
    expect((await copyTree(from(), to(), { look: enough })).copied).toMatchObject([{ path: 'b.pdf' }]);
  });
});

describe('what goes wrong on the way', () => {
  test('a source that is gone', async () => {
    mkdirSync(at('uploads'));
    await expect(copyTree(at('uploads', 'x'), to())).rejects.toBeInstanceOf(FatalError);
    await expect(copyTree(at('nowhere', 'x'), to())).rejects.toThrow(/nowhere" is not there: is its disk mounted/);
  });

  test('an abort stops it between pieces; the next run ends it', async () => {
    makeTree(from(), {});
    for (const name of ['a', 'b', 'c', 'd', 'e']) writeFileSync(at('from', name), Buffer.alloc(3_000_000, name));
    const abort = new AbortController();
    const reason = new Error('shutdown');
    const stopped = copyTree(from(), to(), { signal: abort.signal, progress: { report: () => abort.abort(reason) } });
    await expect(stopped).rejects.toBe(reason);
    expect(Object.keys(readTree(to()))).toEqual([]);
    await copyTree(from(), to());
    expect(readTree(to())).toEqual(readTree(from()));
  });

  test('a file that somebody still writes to is named, and not landed', async () => {
    makeTree(from(), {});
    writeFileSync(at('from', 'growing.pdf'), Buffer.alloc(100_000_000)); // long to copy: the writer gets its turn meanwhile
    const writer = spawn('sh', ['-c', 'echo ready; while :; do echo more >> growing.pdf; done'], { cwd: from() });
    const ended = once(writer, 'exit');
    await once(writer.stdout, 'data');
    const tried = () =>
      copyTree(from(), to()).then(
        () => undefined,
        (error: unknown) => error as Error,
      );
    try {
      let failure = await tried();
      while (!failure) {
        rmSync(to(), { recursive: true }); // no turn on a machine that had no time for it: the file was whole
        failure = await tried();
      }
      expect(failure.message).toMatch(
        /growing\.pdf" could not be copied to .*: it changed meanwhile; somebody still writes to it/,
      );
      expect(failure).not.toBeInstanceOf(FatalError);
      expect(readTree(to())).toEqual({});
    } finally {
      writer.kill('SIGKILL');
      await ended; // before its directory is removed
    }
  });
});
