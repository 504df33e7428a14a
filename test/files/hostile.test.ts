/** What hostile places do to file jobs: each error names the thing, the reason and the remedy, and nothing is lost (issue of bad input). */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { resolve } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { FatalError, type Job, type JobCall, type JobContext } from '../../src/engine/job.js';
import { fileJobs, moveDirectory } from '../../src/files/jobs.js';
import { writeFileSafely } from '../../src/files/land.js';
import { closeThreads } from '../../src/files/threads.js';
import { explained, fileTrouble, FileTrouble, FileTroubleForGood } from '../../src/files/trouble.js';
import { AS_NOBODY, nobodyReaches } from '../support/nobody.js';
import { makeTree, readTree, scratch, type Content } from './trees.js';
import { mayMount } from '../support/may-mount.js';

const { at } = scratch();
afterAll(() => closeThreads());

const run = (call: JobCall) => {
  const job = (fileJobs as readonly Job[]).find(({ definition }) => definition.type === call.type);
  if (!job) throw new Error(`no job type ${call.type}`);
  const context: Partial<JobContext<unknown>> = {
    args: job.definition.args.parse(JSON.parse(JSON.stringify(call.args))),
    signal: new AbortController().signal,
    progress: { report: () => undefined },
    log: pino({ level: 'silent' }),
  };
  return job.definition.run(context as JobContext<unknown>);
};
/** Runs the jobs of a move from the first; undefined when all went well, else what the first said that did not. */
const move = async (from: string, to: string): Promise<Error | undefined> => {
  for (const job of moveDirectory({ from, to })) {
    const failure = await run(job).then(
      (outcome) => (outcome?.kind === 'try_later' ? new Error(outcome.reason) : undefined),
      (error: unknown) => error as Error,
    );
    if (failure) return failure;
  }
  return undefined;
};
const upload: Content = { '1.pdf': 'one', '2.pdf': 'two' };

describe('names as people and machines make them', () => {
  test('are moved as they are, byte for byte, NFC and NFD twins beside each other', async () => {
    const names = [
      'a b.pdf',
      ' leading and trailing .pdf ',
      "it's.pdf",
      '"quoted".pdf',
      'line\nbreak.pdf',
      'tab\there.pdf',
      '-rf.pdf',
      '--help',
      '$(reboot).pdf',
      '*.pdf',
      '..pdf',
      '...',
      'back\\slash.pdf',
      '%s%n.pdf',
      '🗞️.pdf',
      'é.pdf',
      'e\u0301.pdf',
      '\u202efdp.1',
      `${'x'.repeat(251)}.pdf`,
      `${'é'.repeat(125)}.pdf`,
    ];
    const tree = Object.fromEntries(names.map((name, i) => [name, `page ${i}`]));
    makeTree(at('from'), tree);
    expect(await move(at('from'), at('wf', 'HN'))).toBeUndefined();
    expect(readTree(at('wf', 'HN'))).toEqual(tree);
    expect(readdirSync(at('wf'))).toEqual(['HN']);
  });

  test('that are no text are named and refused for good, before anything is copied', async () => {
    makeTree(at('from'), upload);
    writeFileSync(Buffer.concat([Buffer.from(`${at('from')}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.pdf')]), 'x');
    const failure = await move(at('from'), at('wf', 'HN'));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure?.message).toMatch(/remove or replace these and requeue: .*\/\\377\\376\.pdf \(name is not UTF-8\)/);
    expect(existsSync(at('wf'))).toBe(false);
  });

  test('".." or a relative path never reach a job', () => {
    for (const from of ['/a/../etc', '../etc', '/a/./b', '/']) expect(() => moveDirectory({ from, to: '/wf/HN' })).toThrow('plain path'); // prettier-ignore
  });
});

describe('what is no file or directory', () => {
  const kinds: Record<string, (path: string) => Promise<() => void>> = {
    'a symlink to a file': (path) => Promise.resolve((symlinkSync('/etc/passwd', path), () => undefined)),
    'a symlink to nothing': (path) => Promise.resolve((symlinkSync('/nothing', path), () => undefined)),
    'a symlink to a directory above': (path) => Promise.resolve((symlinkSync('..', path), () => undefined)),
    'a pipe': (path) => Promise.resolve((execFileSync('mkfifo', [path]), () => undefined)),
    'a socket': async (path) => {
      const server = createServer().listen(path);
      await once(server, 'listening');
      return () => server.close();
    },
  };
  test.each(Object.entries(kinds))('%s is refused by name, and nothing is taken', async (_, make) => {
    makeTree(at('from'), upload);
    const close = await make(at('from', 'odd.pdf'));
    const failure = await move(at('from'), at('wf', 'HN'));
    close();
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure?.message).toMatch(/odd\.pdf" \((symlink|special)\)/);
    for (const [name, text] of Object.entries(upload)) expect(readFileSync(at('from', name), 'utf8')).toBe(text);
    expect(existsSync(at('wf'))).toBe(false);
  });

  test('a file where the upload directory should be, or a symlink in its place, is refused', async () => {
    writeFileSync(at('from'), 'a file');
    expect((await move(at('from'), at('wf', 'HN')))?.message).toMatch(
      /must be a directory but is something else; replace it/,
    );
    rmSync(at('from'));
    makeTree(at('elsewhere'), upload);
    symlinkSync(at('elsewhere'), at('from'));
    const failure = await move(at('from'), at('wf', 'HN'));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure?.message).toContain('must be a directory but is a symlink');
    expect(readTree(at('elsewhere'))).toEqual(upload);
  });

  test('a symlink that comes in the place of a file after the listing is not followed', async () => {
    makeTree(at('from'), upload);
    const [copy] = moveDirectory({ from: at('from'), to: at('wf', 'HN') });
    if (!copy) throw new Error('four jobs');
    makeTree(at('wf', '.wip-HN'), {});
    symlinkSync(at('from', '1.pdf'), at('wf', '.wip-HN', '2.pdf'));
    await expect(run(copy)).rejects.toThrow(/2\.pdf" \(symlink\)/);
    expect(readFileSync(at('from', '1.pdf'), 'utf8')).toBe('one');
  });
});

describe('an upload that is still worked on', () => {
  test('from which a page goes away while it is copied stops for a person: is the copy all that is left?', async () => {
    makeTree(at('from'), upload);
    const [copy, verify] = moveDirectory({ from: at('from'), to: at('wf', 'HN') });
    if (!copy || !verify) throw new Error('four jobs');
    await run(copy);
    rmSync(at('from', '2.pdf'));
    await expect(run(verify)).rejects.toThrow(
      /holds files that .*from" does not: 2\.pdf; look whether they were removed/,
    );
    await expect(run(verify)).rejects.toBeInstanceOf(FatalError);
    expect(readTree(at('wf', '.wip-HN'))).toEqual(upload);
  });

  test('that vanishes whole says what is left of it', async () => {
    makeTree(at('sn1', 'from'), upload);
    const [copy, verify] = moveDirectory({ from: at('sn1', 'from'), to: at('wf', 'HN') });
    if (!copy || !verify) throw new Error('four jobs');
    await run(copy);
    rmSync(at('sn1', 'from'), { recursive: true });
    await expect(run(verify)).rejects.toThrow(
      /somebody moved or deleted it before it was copied; nobody knows whether its copy .* is whole/,
    );
    rmSync(at('sn1'), { recursive: true }); // the mount is gone: it may come back
    await expect(run(verify)).rejects.toThrow(/is its disk mounted\? The job will try again/);
    await expect(run(verify)).rejects.not.toBeInstanceOf(FatalError);
  });

  test('that grows after it was copied is copied again, and is whole in the end', async () => {
    makeTree(at('from'), upload);
    const jobs = moveDirectory({ from: at('from'), to: at('wf', 'HN') });
    for (const job of jobs.slice(0, 2)) await run(job);
    writeFileSync(at('from', '2.pdf'), ' and more', { flag: 'a' });
    const [, , remove] = jobs;
    if (!remove) throw new Error('four jobs');
    await expect(run(remove)).rejects.toThrow(
      /2\.pdf came or changed after the copy was verified, so the source is not deleted/,
    );
    expect(await move(at('from'), at('wf', 'HN'))).toBeUndefined();
    expect(readTree(at('wf', 'HN'))).toEqual({ '1.pdf': 'one', '2.pdf': 'two and more' });
  });
});

/** A filesystem of its own of so many megabytes, when we may make one. */
function mountSmall(megabytes: number): string {
  mkdirSync(at('disk'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', at('disk')]);
  mounted = at('disk');
  return mounted;
}
let mounted: string | undefined;
afterEach(() => {
  if (mounted !== undefined) execFileSync('umount', ['-l', mounted]);
  mounted = undefined;
});
describe.skipIf(!mayMount)('a disk', () => {
  const remount = (mode: 'ro' | 'rw') => execFileSync('mount', ['-o', `remount,${mode}`, at('disk')]);

  test('with too little room is noticed before anything is written; with room again the move goes on', async () => {
    const disk = mountSmall(70); // 64 MB are spared
    makeTree(at('from'), {});
    writeFileSync(at('from', '1.pdf'), Buffer.alloc(10_000_000));
    const failure = await move(at('from'), `${disk}/HN`);
    expect(failure).not.toBeInstanceOf(FatalError);
    expect(failure?.message).toMatch(
      /disk\/\.wip-HN" has \d+ MB free, 1\d MB are needed .*; make room, the job will try again/,
    );
    execFileSync('mount', ['-o', 'remount,size=200m', disk]);
    expect(await move(at('from'), `${disk}/HN`)).toBeUndefined();
    expect(readdirSync(disk)).toEqual(['HN']);
  });

  test('that is full refuses a record by its name, and nothing is left of it', async () => {
    const disk = mountSmall(1);
    const record = `${disk}/.wip-HN.copied`;
    const failure: unknown = await writeFileSafely(record, Buffer.alloc(2_000_000)).catch(explained);
    expect(failure).toMatchObject({
      message: expect.stringMatching(/\.wip-HN\.copied"?: the disk is full \(ENOSPC.*\); make room/) as string,
    });
    expect(readdirSync(disk)).toEqual([]);
  });

  test('that fills up in the middle of a copy keeps what was copied, and the rest is copied when there is room', async () => {
    const disk = mountSmall(90);
    makeTree(at('from'), {});
    for (const name of ['1', '2', '3', '4']) writeFileSync(at('from', `${name}.pdf`), Buffer.alloc(5_000_000, name));
    // Somebody else takes the room between the look and the write.
    const [copy] = moveDirectory({ from: at('from'), to: `${disk}/HN` });
    if (!copy) throw new Error('four jobs');
    mkdirSync(`${disk}/.wip-HN`);
    const hog = spawn('sh', ['-c', `while [ ! -e .wip-HN/*.pdf ] && ! ls -A .wip-HN | grep -q pressmark; do :; done; dd if=/dev/zero of=hog bs=1M count=100`], { cwd: disk, stdio: 'ignore' }); // prettier-ignore
    const failure = await run(copy).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    await (hog.exitCode === null ? once(hog, 'exit') : undefined);
    if (failure) {
      expect(failure).toBeInstanceOf(FileTrouble);
      expect(failure.message).toMatch(
        /(?:\.pdf" could not be copied to .*|\.copied"): the disk is full \(ENOSPC.*\); make room; the job will try again/,
      );
    }
    for (const name of readdirSync(`${disk}/.wip-HN`)) expect(name).not.toMatch(/^\.pressmark/);
    rmSync(`${disk}/hog`);
    expect(await move(at('from'), `${disk}/HN`)).toBeUndefined();
    expect(readdirSync(disk)).toEqual(['HN']);
    expect(readFileSync(`${disk}/HN/4.pdf`).equals(Buffer.alloc(5_000_000, '4'))).toBe(true);
  });

  test.each([0, 1, 2, 3])(
    'that is read-only at step %i of a move is named, tried again, and the move goes on',
    async (step) => {
      const disk = mountSmall(90);
      const [from, to] = [`${disk}/from`, `${disk}/wf/HN`];
      makeTree(from, upload);
      const jobs = moveDirectory({ from, to });
      for (const job of jobs.slice(0, step)) await run(job);
      remount('ro');
      const [job] = jobs.slice(step);
      if (!job) throw new Error('four jobs');
      const failure = await run(job).then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      expect(failure).toBeInstanceOf(FileTrouble);
      expect(failure?.message).toMatch(
        /the disk is mounted read-only \(EROFS.*mount it for writing; the job will try again$/,
      );
      remount('rw');
      expect(await move(from, to)).toBeUndefined();
      expect(readTree(to)).toEqual(upload);
      expect(existsSync(from)).toBe(false);
    },
  );

  test.each([0, 1, 2, 3])(
    'that is unmounted at step %i of a move loses nothing: it goes on when it is back',
    async (step) => {
      makeTree(at('disk', 'from'), upload);
      const [from, to] = [at('disk', 'from'), at('disk', 'wf', 'HN')];
      const jobs = moveDirectory({ from, to });
      for (const job of jobs.slice(0, step)) await run(job);
      renameSync(at('disk'), at('unplugged'));
      const [job] = jobs.slice(step);
      if (!job) throw new Error('four jobs');
      const failure = await run(job).then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      expect(failure).toBeInstanceOf(Error);
      expect(failure).not.toBeInstanceOf(FatalError);
      expect(failure?.message).toMatch(/is not there: is its disk mounted\? The job will try again/);
      rmSync(at('disk'), { recursive: true, force: true });
      renameSync(at('unplugged'), at('disk'));
      expect(await move(from, to)).toBeUndefined();
      expect(readTree(to)).toEqual(upload);
    },
  );
});

describe.skipIf(!nobodyReaches())('as a user who is not root', () => {
  /** A move in a process of its own: root reads everything. */
  const moveAsNobody = (from: string, to: string): { name: string; message: string; isFatal: boolean } | null => {
    const script = resolve('test/files/move-process.ts');
    const args = [...AS_NOBODY, process.execPath, '--import', 'tsx', script, from, to];
    const output = execFileSync('setpriv', args, {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], TMPDIR: '/tmp' },
    });
    return JSON.parse(output) as ReturnType<typeof moveAsNobody>;
  };
  test('a file that cannot be read is named, for good; mended, the move goes on', () => {
    chmodSync(at('.'), 0o777);
    makeTree(at('from'), upload);
    execFileSync('chown', ['-R', '65534:65534', at('from')]);
    execFileSync('chown', ['0:0', at('from', '2.pdf')]);
    chmodSync(at('from', '2.pdf'), 0o600);
    mkdirSync(at('wf'));
    chmodSync(at('wf'), 0o777);
    expect(moveAsNobody(at('from'), at('wf', 'HN'))).toMatchObject({
      isFatal: true,
      message: expect.stringMatching(
        /2\.pdf" could not be copied to .*: permission is missing \(EACCES.*\); give it to the user that runs the jobs, then requeue$/,
      ) as string,
    });
    expect(readTree(at('from'))).toEqual(upload);
    chmodSync(at('from', '2.pdf'), 0o644);
    expect(moveAsNobody(at('from'), at('wf', 'HN'))).toBeNull();
    expect(readTree(at('wf', 'HN'))).toEqual(upload);
  });

  test('a place that cannot be written is named, for good, and nothing is lost', () => {
    chmodSync(at('.'), 0o755);
    makeTree(at('from'), upload);
    mkdirSync(at('wf'));
    expect(moveAsNobody(at('from'), at('wf', 'HN'))).toMatchObject({
      isFatal: true,
      message: expect.stringMatching(/wf\/\.wip-HN": permission is missing \(EACCES/) as string,
    });
    expect(readTree(at('from'))).toEqual(upload);
  });
});

describe('what the system says', () => {
  const said = (code: string) =>
    fileTrouble('/a/1.pdf', Object.assign(new Error(`${code}: said the system`), { code }));

  test.each([
    'EIO',
    'ESTALE',
    'ENOTCONN',
    'EHOSTDOWN',
    'ETIMEDOUT',
    'ENOSPC',
    'EDQUOT',
    'EROFS',
    'EMFILE',
    'EBUSY',
    'ENOENT',
  ])('%s may pass: tried again, with thing, reason and remedy', (code) => {
    expect(said(code)).toBeInstanceOf(FileTrouble);
    expect(said(code)).not.toBeInstanceOf(FatalError);
    expect(said(code).message).toMatch(
      new RegExp(`^/a/1\\.pdf: .+ \\(${code}: said the system\\); .+; the job will try again$`),
    );
  });

  test.each(['EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG', 'ENOTDIR', 'EISDIR', 'EXDEV'])(
    '%s will not: a person has to mend it',
    (code) => {
      expect(said(code)).toBeInstanceOf(FileTroubleForGood);
      expect(said(code)).toBeInstanceOf(FatalError);
      expect(said(code).message).toMatch(/; .+, then requeue$/);
    },
  );

  test('of a database behind a socket that went away stays as it is: no file went away', async () => {
    const [refused] = (await once(connect('/nowhere/.s.PGSQL.5432'), 'error')) as [Error];
    expect(refused).toMatchObject({ code: 'ENOENT', syscall: 'connect' });
    expect(explained(refused)).toBe(refused);
  });

  test('and anything else keeps its own words, and is tried again', () => {
    expect(said('EWHAT').message).toBe('/a/1.pdf: EWHAT: said the system');
    expect(said('EWHAT')).not.toBeInstanceOf(FatalError);
  });
});
