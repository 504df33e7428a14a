/** Texts from outside on a terminal: nothing that a vendor, an agent, a site or a colleague wrote can command it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import pino from 'pino';
import { printable, printableJson, printableLines } from '../../src/cli/printable.js';
import { readableLog } from '../../src/cli/run-jobs/readable-log.js';
import { run, type Ran } from '../cli/run-program.js';
import { deleteDirectory } from '../../src/files/jobs.js';
import { enqueuedOne, rows, useDatabase } from '../engine/support.js';

/** Clears the screen, renames the window, types at a prompt; as eight-bit controls; turns writing round; ends a line. */
const EVIL =
  'evil\u001b[2J\u001b]0;owned\u0007\u009b31m\u009d0;x\u009c\u202egpj.\u2066\u061c\u200f\u0008\u007f\rOK\u0085\u2028end';
const OBEYED = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

describe('spelled out', () => {
  test('is every control, in text, in lines, and in JSON, which stays the same value', () => {
    for (const shown of [printable(`${EVIL}\n`), printableJson({ EVIL }), printableJson([`${EVIL}\n`])])
      expect(shown).not.toMatch(OBEYED);
    expect(printableLines(`a\n${EVIL}`).split('\n')).toHaveLength(2);
    expect(JSON.parse(printableJson({ [EVIL]: [EVIL] }, 2))).toEqual({ [EVIL]: [EVIL] });
    expect(printable('Ärger, 日本語, 🗞️, שלום')).toBe('Ärger, 日本語, 🗞️, שלום');
  });

  test('are they in log lines for a terminal: message, fields, errors', () => {
    let written = '';
    const terminal = new Writable({
      write(piece, _encoding, done) {
        written += String(piece);
        done();
      },
    });
    const log = pino({ base: {} }, readableLog(terminal));
    log.warn({ file: EVIL, all: [EVIL, { deep: EVIL }] }, EVIL);
    log.error({ err: Object.assign(new Error(EVIL), { stderr: EVIL }) }, 'failed');
    const colours = new RegExp(`${String.fromCharCode(27)}\\[\\d{1,2}(;\\d{1,2})*m`, 'g'); // what pino-pretty itself says
    const text = written.replace(colours, '').replaceAll('\n', '');
    expect(text).toContain('evil\\u{1b}[2J');
    expect(text).not.toMatch(OBEYED);
  });
});

describe('what programs print of a database and a disk full of it', () => {
  const own = useDatabase();
  let env: Record<string, string>;
  let root = '';
  afterAll(() => rm(root, { recursive: true, force: true }));
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'pressmark-terminal-'));
    env = { DATABASE_URL: own.url, PDF_UPLOAD_PATH: join(root, 'uploads'), SCAN_UPLOAD_PATH: join(root, 'scans') };
    const upload = join(root, 'uploads', 'sn99999001', `2024-01-01 ${EVIL}`);
    await mkdir(upload, { recursive: true });
    await mkdir(join(root, 'scans', EVIL), { recursive: true });
    await writeFile(join(upload, `${EVIL}.pdf`), 'no pdf');
    await mkdir(join(root, 'uploads', 'sn99999001', '2024-01-02'));
    await writeFile(join(root, 'uploads', 'sn99999001', '2024-01-02', `${EVIL}.txt`), 'no pdf');
    await rows(own, `insert into newspapers.orgs (code, name) values ('tst', $1)`, [EVIL]);
    await rows(own, `insert into newspapers.titles (name, lccn) values ($1, 'sn99999001')`, [EVIL]);
  });

  /** A pipeline that failed, its story and its log; each test begins without any. */
  async function givenPipeline(): Promise<number> {
    const jobs = [deleteDirectory({ location: `/x/${EVIL}` })];
    const id = await enqueuedOne(own, { name: 'Test', description: EVIL, object: { type: 'record', id: 7 }, jobs });
    const evil = [id, EVIL];
    await rows(own, `update pipelines set status = 'failed', error = jsonb_build_object('message', $2::text, 'stack', $2::text) where id = $1`, evil); // prettier-ignore
    await rows(own, `insert into job_logs (pipeline_id, sequence, attempt, at, level, message, fields) values ($1, 10, 1, now(), 'warn', $2, jsonb_build_object('said', $2::text))`, evil); // prettier-ignore
    await rows(own, `insert into events (actor, kind, pipeline_id, detail) values ($2, 'cancel', $1, jsonb_build_object('reason', $2::text))`, evil); // prettier-ignore
    await rows(own, `insert into runners (host, pid, boot_id, version, queues) values ($1, 1, $1, $1, '{}')`, [EVIL]);
    return id;
  }

  const isHarmless = ({ stdout, stderr }: Ran) => {
    for (const line of `${stdout}\n${stderr}`.split('\n')) expect.soft(OBEYED.test(line) ? line : '').toBe('');
  };

  test.each([
    'run-jobs status',
    'run-jobs show ID',
    'run-jobs show ID --json',
    'run-jobs logs --pipeline ID',
    'holding-pen list',
    'holding-pen show ID',
    'issues uploads --full',
    'orgs list --json',
    'titles list',
    'bulk-queue --type borndigital',
  ])('by %s', async (line) => {
    const id = await givenPipeline();
    const [program = '', ...args] = line.replace('ID', String(id)).split(' ');
    const ran = await run(program, args, env);
    isHarmless(ran);
    expect(ran.stdout + ran.stderr).toMatch(line.includes('--json') ? /evil\\u001b/ : /evil\\u\{1b\}/);
    expect(ran.stderr).not.toMatch(/^ +at .*\(/m); // no stack: it was foreseen
  });

  test.each<[string, string[]]>([
    ['run-jobs', [EVIL]],
    ['issues', ['show', '--as', EVIL, EVIL]],
    ['titles', ['add', '--marc', `/nowhere/${EVIL}`]],
    ['run-jobs', ['status', '--settings', `/nowhere/${EVIL}`]],
    ['holding-pen', ['list', '--action', EVIL]],
  ])('by %s (%#), which was typed or pasted, as a mistake', async (program, args) => {
    isHarmless(await run(program, args, env));
  });
});
