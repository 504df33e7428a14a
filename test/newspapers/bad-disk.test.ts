/** What is decided while a disk does not answer for a moment stands: it is tried again, and nobody has to answer twice. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskPreload, mendDisk, spoilDisk } from '../chaos/disk/bad-disk.js';

const run = promisify(execFile);
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pressmark-bad-disk-'));
  await mkdir(join(root, 'issue'));
  await mkdir(join(root, 'control'));
  for (const name of ['1.pdf', '0001.jp2']) await writeFile(join(root, 'issue', name), 'page');
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** What a call of our own code gives, or the name of what it throws, in a program whose disk fails. */
async function told(module: string, call: string): Promise<string> {
  const script = `
    const own = await import(${JSON.stringify(resolve('dist/newspapers', module))});
    const issue = ${JSON.stringify(join(root, 'issue'))};
    console.log(await ${call}.then((value) => JSON.stringify(value), (error) => error.name + ': ' + error.message));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, NODE_OPTIONS: `--import=${diskPreload}`, CHAOS_CONTROL: join(root, 'control') },
  });
  return stdout;
}

const DECISIONS: [string, string, string, string][] = [
  [
    'that metadata is right',
    'metadata/check-metadata.js',
    `own.checkMetadata(undefined, { location: issue, key: 'sn1/1' }, { date: 'none', dateAsLabeled: '', volume: '', issueNumber: '', edition: 1, labels: ['1'] })`,
    '"problems"',
  ],
  [
    'that the pages are reviewed',
    'page-review.js',
    `own.examinePages(issue, { pages: 2, deletedPages: 0, quietSeconds: 0, recorded: [], acceptChanged: false })`,
    '"is":"open"',
  ],
];

test.each(DECISIONS)('%s', async (_, module, call, answer) => {
  await spoilDisk(join(root, 'control'), { below: [join(root, 'issue')], kind: 'EIO', share: 1, seed: 1 });
  expect(await told(module, call)).toMatch(/^FileTrouble: .*EIO.*the job will try again/);
  await mendDisk(join(root, 'control'));
  expect(await told(module, call)).toContain(answer);
});
