import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { givenFiles } from '../newspapers/upload-area.js';
import { writeScanPdf } from '../newspapers/uploads/scan-pdf.js';
import { proxyToDatabase } from '../support/proxy.js';
import { run, succeed, succeedJson, type Ran } from './run-program.js';

const REAL = resolve('../shared/data/newspapers');
const MARC = `<record><datafield tag="010"><subfield code="a">sn 1</subfield></datafield>
<datafield tag="245"><subfield code="a">The \u202e weekly.</subfield></datafield><datafield tag="260"><subfield code="a">Chicopee</subfield></datafield></record>`;

let own: TestDatabase;
let env: Record<string, string>;
let area: string;
beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(() => own.drop());
beforeEach(async () => {
  await own.database.pool.query(
    'truncate newspapers.titles, newspapers.orgs, pipelines, events restart identity cascade',
  );
  area = await temporaryDirectory();
  await mkdir(join(area, 'pdfs'));
  await mkdir(join(area, 'scans'));
  await writeFile(join(area, 'sn1.xml'), MARC);
  env = {
    DATABASE_URL: own.url,
    PDF_UPLOAD_PATH: join(area, 'pdfs'),
    SCAN_UPLOAD_PATH: join(area, 'scans'),
    DURATION_ISSUE_CONSIDERED_DANGEROUS: '0',
    DURATION_ISSUE_CONSIDERED_NEW: '0',
  };
});

const ok = (program: string, ...args: string[]): Promise<string> => succeed(program, args, env);
const json = <T>(program: string, ...args: string[]): Promise<T> => succeedJson<T>(program, args, env);

describe('every program', () => {
  it.each(['titles', 'orgs', 'bulk-queue', 'issues'])(
    '%s tells with --help what it does, with examples, and needs nothing for it',
    async (program) => {
      const { exitCode, stdout } = await run(program, ['--help'], {
        DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing',
      });
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: ${program} [\\s\\S]*Examples:\\n  ${program} `));
    },
  );

  it.each<[string, string[], RegExp]>([
    ['titles', [], /Usage: titles/],
    ['titles', ['frob'], /unknown command 'frob'/],
    ['titles', ['add'], /--marc <path>' not specified/],
    ['orgs', ['add', 'oru'], /missing required argument 'name'/],
    ['bulk-queue', [], /--type <type>' not specified/],
    ['bulk-queue', ['--type', 'fax'], /Allowed choices are borndigital, scan/],
    ['bulk-queue', ['--type', 'scan', '--key', 'sn1/201'], /incorrect number of date\/edition digits/],
    [
      'bulk-queue',
      ['--type', 'scan', '--key', 'sn1', '--allow-duplicate'],
      /--allow-duplicate and --reason TEXT go toge/,
    ],
    ['titles', ['set', 'sn1'], /say what to change: --embargo/],
    ['issues', ['cancel-intake', 'sn1/1856051001'], /--reason <text>' not specified/],
    ['issues', ['list', '--step', 'Lost'], /Allowed choices are AwaitingProcessing/],
    ['issues', ['list', '--key', 'sn1/2000019901'], /invalid date/],
    ['issues', ['show', 'sn1'], /not a full issue key/],
    ['issues', ['list', '--limit', '0'], /whole number above 0/],
  ])('%s %j is wrong usage: exit code 2', async (program, args, message) => {
    const { exitCode, stdout, stderr } = await run(program, args, env);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('ends with exit code 2 and all mistakes when the settings are wrong', async () => {
    const { exitCode, stderr } = await run('titles', ['list'], { ...env, QUALITY: 'best', DPI: 'x' });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/QUALITY[\s\S]*DPI|DPI[\s\S]*QUALITY/);
  });

  it('says without a stack that the server went away while it was asked, and what to do', async () => {
    const { proxy, url } = await proxyToDatabase(own);
    onTestFinished(() => proxy.close());
    const holder = await own.database.pool.connect();
    onTestFinished(() => holder.release());
    await holder.query('begin; lock table newspapers.titles in access exclusive mode');
    const asked = run('titles', ['list'], { ...env, DATABASE_URL: url });
    await expect
      // of this table: the other sessions of the server wait for locks of their own
      .poll(
        async () =>
          (
            await holder.query(
              `select from pg_locks where not granted and relation = 'newspapers.titles'::regclass and database = (select oid from pg_database where datname = current_database())`,
            )
          ).rowCount,
        { timeout: 50_000 },
      )
      .toBeGreaterThan(0);
    await proxy.cut();
    expect(await asked).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^(?:Connection terminated.*|read ECONNRESET): PostgreSQL went away, .* run this again if not\n$/,
      ) as string,
    });
    await holder.query('rollback');
  });

  it('says without a stack that the server cannot be reached or the database is not migrated', async () => {
    const away = await run('titles', ['list'], { ...env, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing' });
    expect(away).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^connect ECONNREFUSED.*is PostgreSQL running.*\n$/) as string,
    });
    const nowhere = await run('titles', ['list'], {
      ...env,
      DATABASE_URL: `postgresql://nobody@${'x'.repeat(300)}/nothing`,
    });
    expect(nowhere.stderr).toMatch(/^getaddrinfo .*is PostgreSQL running, is DATABASE_URL right\?\n$/);
    await own.database.pool.query('alter schema newspapers rename to elsewhere');
    const empty = await run('titles', ['list'], env).finally(() =>
      own.database.pool.query('alter schema elsewhere rename to newspapers'),
    );
    expect(empty).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^relation.*run bin\/migrate-database\n$/) as string,
    });
  });

  it.each(['titles list', 'migrate-database --current'])(
    'says what to do when PostgreSQL does not let its user in: %s',
    async (command) => {
      const [program = '', ...args] = command.split(' ');
      const url = new URL(own.url);
      url.searchParams.set('user', 'pm_nobody');
      const { exitCode, stdout, stderr } = await run(program, args, { DATABASE_URL: url.toString() });
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toMatch(
        /role "pm_nobody" does not exist[:.] [Rr]un this as the service's user \(e\.g\. "runuser -u pressmark -- bin\/\.\.\."\), or name the role.* in DATABASE_URL .*\n$/,
      );
    },
  );

  it('logs in as the user of the operating system where the URL names nobody and there is no $USER (cron, containers)', async () => {
    const { username } = userInfo();
    const role = `"${username}"`;
    if ((await own.database.pool.query('select from pg_roles where rolname = $1', [username])).rowCount === 0) {
      await own.database.pool.query(`create role ${role} login superuser`);
      onTestFinished(() => own.database.pool.query(`drop role ${role}`).then(() => undefined));
    }
    const url = new URL(own.url);
    url.searchParams.delete('user');
    const without = { DATABASE_URL: url.toString().replace(/\/\/[^/]*@/, '//'), USER: undefined, LOGNAME: undefined };
    expect(await run('titles', ['list'], without)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await run('titles', ['list'], { ...without, USER: '' })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await run('migrate-database', ['--current'], without)).toMatchObject({ exitCode: 0 });
  });

  it('reads the settings file that --settings names, before or after the command', async () => {
    await writeFile(join(area, 'settings.env'), `DATABASE_URL=${own.url}\n`);
    for (const args of [
      ['--settings', join(area, 'settings.env'), 'list'],
      ['list', '--settings', join(area, 'settings.env')],
    ]) {
      expect(await run('titles', args)).toEqual({
        exitCode: 0,
        stdout: expect.stringContaining('no titles yet') as string,
        stderr: '',
      });
    }
  });
});

describe('titles and orgs', () => {
  it('are added and listed', async () => {
    expect(await ok('orgs', 'add', 'oru', 'University of Oregon')).toBe('added oru (University of Oregon)\n');
    expect(await ok('orgs', 'list')).toBe('CODE  NAME\noru   University of Oregon\n');
    await ok('titles', 'add', '--marc', join(area, 'sn1.xml'), '--org', 'oru', '--sftp-user', 'chicopee');
    expect(await json('titles', 'list')).toMatchObject([
      { lccn: 'sn1', sftpUser: 'chicopee', orgCode: 'oru', location: 'Chicopee' },
    ]);
  });

  it('are changed by hand: embargo in its normal form, organisation (W35)', async () => {
    await ok('orgs', 'add', 'oru', 'University of Oregon');
    await ok('titles', 'add', '--marc', join(area, 'sn1.xml'));
    expect(await json('titles', 'set', 'sn1', '--embargo', '6M1year', '--org', 'oru')).toMatchObject({
      lccn: 'sn1',
      embargo: '1 year 6 months',
      orgCode: 'oru',
    });
    expect(await json('titles', 'set', 'sn1', '--embargo', '0', '--org', '')).toMatchObject({
      embargo: null,
      orgCode: null,
    });
    expect(await run('titles', ['set', 'sn1', '--embargo', '4 dayos'], env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^"4 dayos" is no embargo period: "dayos" is no unit/) as string,
    });
    expect(await run('titles', ['set', 'sn404', '--embargo', '1y'], env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^there is no title "sn404": add it with/) as string,
    });
  });

  it('never send control characters of a record to the terminal', async () => {
    expect(await ok('titles', 'add', '--marc', join(area, 'sn1.xml'))).toBe('added sn1 (The \\u{202e} weekly.)\n');
    expect(await ok('titles', 'list')).toContain('The \\u{202e} weekly.');
  });

  it('of a directory with a bad record are added but for that one: exit code 1', async () => {
    await writeFile(join(area, 'sn0.xml'), '<record/>');
    const { exitCode, stdout } = await run('titles', ['add', '--marc', area], env);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^refused: .*sn0.xml is no MARC record of a title: it has no LCCN.*\nadded sn1 /);
  });

  it.each<[string[], RegExp, number]>([
    [['--marc', 'AREA/nothing'], /ENOENT.*nothing/, 1],
    [['--marc', 'AREA/scans'], /no \*\.xml below/, 2],
    [['--marc', 'AREA/sn1.xml', '--org', 'xyz'], /no organisation "xyz"/, 1],
    [['--marc', 'AREA/sn1.xml', '--sftp-user', '../x'], /cannot be an SFTP user/, 1],
  ])('add %j fails', async (args, message, code) => {
    const { exitCode, stderr } = await run('titles', ['add', ...args.map((arg) => arg.replace('AREA', area))], env);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(exitCode).toBe(code);
  });
});

describe('bulk-queue and issues', () => {
  beforeEach(async () => {
    await ok('orgs', 'add', 'oru', 'University of Oregon');
    await ok('titles', 'add', '--marc', join(area, 'sn1.xml'));
    await givenFiles(area, 'pdfs/sn1/1856-05-10/1.pdf', 'pdfs/sn1/1856-05-17/1.pdf', 'pdfs/sn1/1856-05-17/2.doc');
    await givenFiles(area, 'scans/oru/sn1/1856-05-24/1.tif');
    await writeScanPdf(join(area, 'scans/oru/sn1/1856-05-24/1.pdf'), { dpi: 150 });
  });

  it('count without a key', async () => {
    expect(await ok('bulk-queue', '--type', 'borndigital')).toBe(
      'sn1 (The \\u{202e} weekly.), 2 issue(s) found, 1 with problems\n',
    );
    expect(await ok('bulk-queue', '--type', 'scan', '--key', 'sn1/1900')).toBe(
      'Nothing found for that key. There are:\nsn1 (The \\u{202e} weekly.), 1 issue(s) found\n',
    );
    expect(await ok('issues', 'list')).toMatch(/no such issues/);
  });

  it('queue what the key names and say why they skip', async () => {
    const wanted = ['--type', 'borndigital', '--key', 'sn1/1856'];
    expect(await ok('bulk-queue', ...wanted, '--dry-run')).toMatch(
      /^Ready sn1\/1856051001: would be queued\nWARN Skipping sn1\/1856051701.*\n {2}- "2.doc" has an invalid extension.*\n1 would be queued, 0 already queued, 1 skipped for problems\.\n$/,
    );
    expect(await ok('bulk-queue', ...wanted)).toMatch(
      /^Queued sn1\/1856051001: issue \d+, pipeline \d+\n[\s\S]*1 queued, 0 already queued, 1 skipped/,
    );
    expect(await json('bulk-queue', ...wanted)).toMatchObject({
      queued: 0,
      alreadyQueued: 1,
      withProblems: 1,
      counts: [{ lccn: 'sn1', issues: 2, withProblems: 1 }],
      events: [
        { key: 'sn1/1856051001', outcome: 'skipped', why: 'already queued' },
        { key: 'sn1/1856051701', outcome: 'skipped', why: 'problems', problems: [{ rule: 'bad extension' }] },
      ],
    });
  });

  it('warn on stderr of what lies in the way', async () => {
    await givenFiles(area, 'scans/xyz/');
    const { exitCode, stdout, stderr }: Ran = await run('bulk-queue', ['--type', 'scan'], env);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^WARN .*scans\/xyz: unable to find MARC Org Code "xyz"/);
    expect(stdout).toMatch(/1 issue\(s\) found/);
  });

  it('list and show what is in the workflow', async () => {
    await ok('bulk-queue', '--type', 'scan', '--key', 'sn1');
    const list = await json<{ total: number; issues: { id: number }[] }>('issues', 'list', '--type', 'scan');
    expect(list).toMatchObject({
      total: 1,
      issues: [{ key: 'sn1/1856052401', pipeline: 'MakeDerivatives', pipelineStatus: 'pending' }],
    });
    const id = String(list.issues[0]?.id);
    expect(await ok('issues', 'list', '--key', 'sn1/185605', '--step', 'AwaitingProcessing')).toMatch(
      new RegExp(`^ID .*\\n${id} +sn1/1856052401 .* MakeDerivatives, pending`),
    );
    expect(await ok('issues', 'show', id)).toMatch(
      /^Issue \d+: sn1\/1856052401\n[\s\S]*location +\/.*scans\/oru\/sn1\/1856-05-24\n[\s\S]*MakeDerivatives[\s\S]*tester +took the issue in/,
    );
    expect(await json('issues', 'show', 'sn1/1856052401')).toMatchObject({
      issue: { key: 'sn1/1856052401', kind: 'scan' },
      pages: [],
      pipelines: [{ name: 'MakeDerivatives', jobsDone: 0 }],
      question: null,
    });
    expect(await run('issues', ['show', 'sn1/1999010101'], env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no issue sn1/1999010101') as string,
    });
  });

  it('say what a person must do where a pipeline failed or was stopped, and nothing where all goes on', async () => {
    await ok('bulk-queue', '--type', 'scan', '--key', 'sn1');
    const told = async () => {
      const list = (await ok('issues', 'list')).trimEnd().split(/ {2,}/).at(-1);
      const show = await ok('issues', 'show', 'sn1/1856052401');
      return { list, show: /^waits for +(.*)$/m.exec(show)?.[1] };
    };
    expect(await told()).toEqual({ list: '-', show: 'nobody' });
    await own.database.pool.query(`update pipelines set status = 'failed', error = '{"message": "the disk is full"}'`);
    const failed = 'pipeline 1 failed: holding-pen show 1';
    expect(await told()).toEqual({ list: failed, show: failed });
    await ok('run-jobs', 'cancel', '1', '--reason', 'a test');
    await own.database.pool.query(`update newspapers.issues set workflow_step = 'AwaitingPageReview'`);
    const stopped = 'nothing is at work on it: "bin/issues resume sn1/1856052401" begins it again';
    expect(await told()).toEqual({ list: stopped, show: stopped });
    await ok('issues', 'resume', 'sn1/1856052401', '--reason', 'a test');
    expect((await told()).show).toBe('nobody');
  });

  it('show what lies in both areas, what is wrong with it, and what failed, with its remedies', async () => {
    await ok('bulk-queue', '--type', 'scan', '--key', 'sn1');
    await own.database.pool.query(`update pipelines set status = 'failed', error = '{"message": "the disk is full"}'`);
    await own.database.pool.query(
      `insert into job_logs (pipeline_id, sequence, attempt, at, level, message)
       select id, 10, 1, now(), 'error', 'no space left' from pipelines`,
    );
    await givenFiles(area, 'pdfs/sn404/1856-05-10/1.pdf', 'scans/xyz/');
    const { exitCode, stdout, stderr } = await run('issues', ['uploads'], env);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^WARN .*"xyz"/) as string,
    });
    expect(stdout.replaceAll(area, '<area>')).toMatch(
      new RegExp(
        [
          '^sn1 \\(The \\\\u\\{202e\\} weekly\\.\\), born-digital of oru',
          '  sn1/1856051001: ready',
          '  sn1/1856051701: errors',
          '    error: "2\\.doc" has an invalid extension; only \\.pdf may be here',
          'sn404, born-digital of oru',
          '  error: unable to find title "sn404".*',
          '  <area>/pdfs/sn404/1856-05-10: errors',
          '    error: Title is invalid; .*',
          'sn1 .*, scans of oru',
          '  sn1/1856052401: failed as issue \\d+, pipeline \\d+ \\(MakeDerivatives, failed at sync_recursive\\)',
          '    error: no space left',
          '    error: the disk is full',
          '    remedy: "bin/issues resume sn1/1856052401" .*"bin/issues cancel-intake sn1/1856052401 --reason TEXT".*',
          '4 upload\\(s\\): 1 ready, 0 with warnings, 2 with errors, 0 being taken in, 1 failed\\.\\n$',
        ].join('\n'),
      ),
    );
    const listed = await json<{ errors: number; uploads: unknown[] }>(
      'issues',
      'uploads',
      '--type',
      'borndigital',
      '--title',
      'sn1',
    );
    expect(listed).toMatchObject({
      ready: 1,
      errors: 1,
      uploads: [
        { state: 'ready', filesChecked: false, key: 'sn1/1856051001', problems: [] },
        { state: 'errors', problems: [{ rule: 'bad extension', level: 'major', scope: 'file', file: '2.doc' }] },
      ],
    });
  });

  it('call a scan ready only with what was not looked into, as it may yet be refused', async () => {
    const uploads = (...args: string[]) => ok('issues', 'uploads', '--type', 'scan', ...args);
    expect(await uploads()).toContain('  sn1/1856052401: ready (PDFs not looked into; --full does)\n');
    expect(await uploads('--full')).toContain('  sn1/1856052401: ready\n');
    expect(await json('issues', 'uploads', '--type', 'scan', '--full')).toMatchObject({
      uploads: [{ state: 'ready', filesChecked: true }],
    });
  });

  it('tell of an upload that a flagged issue keeps out, and what to do first', async () => {
    const scans = ['--type', 'scan', '--key', 'sn1'];
    await ok('bulk-queue', ...scans);
    await own.database.pool.query(
      `update newspapers.issues set workflow_step = 'UnfixableMetadataError', location = '/elsewhere'`,
    );
    const [{ id } = { id: 0 }] = (await json<{ issues: { id: number }[] }>('issues', 'list', '--type', 'scan')).issues;
    const why = `issue ${id} was flagged as unfixable: "bin/issues show ${id}"; decide about it in the holding pen first`;
    const listed = await ok('issues', 'uploads', '--type', 'scan');
    expect(listed).toContain(`  sn1/1856052401: in the way\n    ${why}\n1 upload(s): 0 ready, `);
    expect(listed).toContain(' 0 with errors, 1 with a flagged issue in the way, ');
    expect(await json('issues', 'uploads', '--type', 'scan', '--full')).toMatchObject({
      ready: 0,
      'in the way': 1,
      uploads: [{ state: 'in the way', filesChecked: false, problems: [], inTheWay: { issueId: id } }],
    });
    expect(await ok('bulk-queue', ...scans)).toContain(`Skipping sn1/1856052401: ${why}\n`);
  });

  it('resume and take back what failed', async () => {
    await ok('bulk-queue', '--type', 'scan', '--key', 'sn1');
    await own.database.pool.query(`update pipelines set status = 'failed', error = '{"message": "the disk is full"}'`);
    expect(await ok('issues', 'resume', 'sn1/1856052401')).toMatch(
      /goes on: pipeline \d+ \(MakeDerivatives\) is queued/,
    );
    expect(await ok('issues', 'cancel-intake', 'sn1/1856052401', '--reason', 'wrong date')).toMatch(
      /is cancelled: pipeline \d+ of run-jobs brings its files back to .*scans\/oru\/sn1\/1856-05-24/,
    );
    expect(await run('issues', ['resume', 'sn1/1999010101'], env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no issue sn1/1999010101') as string,
    });
  });

  it('fail when an upload area is not mounted', async () => {
    const { exitCode, stderr } = await run('bulk-queue', ['--type', 'scan'], {
      ...env,
      SCAN_UPLOAD_PATH: join(area, 'none'),
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^the upload area .*none cannot be read.*SCAN_UPLOAD_PATH in the settings\n$/);
  });

  it.skipIf(!existsSync(REAL))('queue the real issues', async () => {
    await ok('titles', 'add', '--marc', join(REAL, 'marc'));
    await ok('orgs', 'add', 'mwa', 'American Antiquarian Society');
    env = { ...env, PDF_UPLOAD_PATH: join(REAL, 'born-digital'), SCAN_UPLOAD_PATH: join(REAL, 'scans') };
    expect(await ok('bulk-queue', '--type', 'scan', '--key', 'sn93059126')).toMatch(/1 queued/);
    // The same issue was delivered twice: the one that came second stays outside.
    expect(await ok('bulk-queue', '--type', 'borndigital', '--key', 'sn93059126')).toMatch(
      /looks like a duplicate[\s\S]*3 queued, 0 already queued, 1 skipped/,
    );
    expect(await json('issues', 'list')).toMatchObject({ total: 4 });
  });
});
