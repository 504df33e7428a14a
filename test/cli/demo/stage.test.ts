import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { copyUploads, makePlaces, shellWord } from '../../../src/cli/demo/stage.js';
import { givenFiles } from '../../newspapers/upload-area.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

describe("npm run demo -- --from DIR takes somebody's own issues", () => {
  const BORN_DIGITAL = 'born-digital/sn1/1856-05-10/1.pdf';
  const SCAN = 'scans/oru/sn2/1856-05-17/0001.pdf';

  it.each<[string, string[], { bornDigital: string[]; scans: string[]; codes: string[] }]>([
    ['born-digital ones only', [BORN_DIGITAL], { bornDigital: ['sn1'], scans: [], codes: ['demo'] }],
    ['scans only', [SCAN], { bornDigital: [], scans: ['sn2'], codes: ['demo', 'oru'] }],
    ['both', [BORN_DIGITAL, SCAN], { bornDigital: ['sn1'], scans: ['sn2'], codes: ['demo', 'oru'] }],
  ])('%s', async (_what, files, { codes, ...expected }) => {
    const from = await temporaryDirectory();
    await givenFiles(from, ...files);
    const places = await makePlaces(await temporaryDirectory());
    const { orgs, ...uploads } = await copyUploads(from, places);
    expect(uploads).toEqual({ ...expected, marc: join(from, 'marc') });
    expect(orgs.map(({ code }) => code)).toEqual(codes);
    const copied = [places.pdfUploads, places.scanUploads].map((area) => readdir(area));
    expect(await Promise.all(copied)).toEqual([expected.bornDigital, codes.slice(1)]);
  });

  it('and says how they must lie where there are none', async () => {
    const from = await temporaryDirectory();
    await mkdir(join(from, 'marc'));
    const places = await makePlaces(await temporaryDirectory());
    await expect(copyUploads(from, places)).rejects.toThrow(
      `${from} has neither born-digital/ nor scans/: lay issues out as born-digital/<LCCN>/<YYYY-MM-DD>/*.pdf`,
    );
  });
});

it('what the demo shows can be pasted: a shell reads each argument as the program got it', async () => {
  const words = [
    'Demonstration Library',
    "it's upside down",
    '$HOME `id` "x" \\ * ; #',
    '',
    'sn1/1856051001',
    '--as',
    'é',
  ];
  const line = `printf '%s\\0' ${words.map(shellWord).join(' ')}`;
  const { stdout } = await promisify(execFile)('sh', ['-c', line]);
  expect(stdout.split('\0').slice(0, -1)).toEqual(words);
  expect(shellWord('sn1/1856051001')).toBe('sn1/1856051001');
});
