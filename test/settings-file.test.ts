import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadSettings, SettingsError, type Settings } from '../src/settings.js';
import { temporaryDirectory } from './support/temporary-directory.js';

let file: string;
beforeEach(async () => {
  file = join(await temporaryDirectory(), 'settings');
});

async function read(text: string | Uint8Array): Promise<Settings> {
  await writeFile(file, text);
  return loadSettings({ file, env: {} });
}
async function mistakes(text: string | Uint8Array): Promise<string> {
  const error = await read(text).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SettingsError)) throw new Error(`no mistake was found: ${String(error)}`);
  return error.message;
}

describe('W32: a settings file with odd values', () => {
  it.each([
    'NEWS_WEBROOT=',
    'NEWS_WEBROOT=""',
    "NEWS_WEBROOT=''",
    'NEWS_WEBROOT= ',
    'NEWS_WEBROOT= # none',
    'NEWS_WEBROOT =',
  ])('%j is not set, and no error', async (line) => {
    expect((await read(`${line}\nDPI=\n`)).NEWS_WEBROOT).toBeUndefined();
    expect((await read(`${line}\nDPI=\n`)).DPI).toBe(200);
  });

  it.each([
    ['PDF_BATCH_MARC_ORG_CODE="mwa"', 'mwa'],
    ["PDF_BATCH_MARC_ORG_CODE='mwa' # ours", 'mwa'],
    ['  PDF_BATCH_MARC_ORG_CODE = mwa  ', 'mwa'],
    ['\ufeffPDF_BATCH_MARC_ORG_CODE=mwa\r\n', 'mwa'],
  ])('%j is read as it is meant', async (line, code) => {
    expect((await read(line)).PDF_BATCH_MARC_ORG_CODE).toBe(code);
  });

  it.each([
    ['SCAN_UPLOAD_PATH="/a b/$HOME/`x`"', '/a b/$HOME/`x`'],
    ['SCAN_UPLOAD_PATH=/a=b/c', '/a=b/c'],
    ['SCAN_UPLOAD_PATH=/a#b', '/a#b'],
    ['SCAN_UPLOAD_PATH="/a # b"', '/a # b'],
    ["SCAN_UPLOAD_PATH=/it's", "/it's"],
  ])('%j keeps what looks like syntax: nothing is substituted', async (line, path) => {
    expect((await read(line)).SCAN_UPLOAD_PATH).toBe(path);
  });

  it('names every line that is wrong, with what would be right, in one message', async () => {
    const said = await mistakes('DPI="200\nQUALITY=best\njust words\nNO_SUCH_KEY=1\nDPI=0x10\nMIN_BATCH_SIZE=-1\n');
    for (const part of [
      /line 1.*quotes closed/,
      /QUALITY=best.*line 2.*number from 1 to 100/,
      /just words.*line 3.*KEY=value/,
      /NO_SUCH_KEY.*line 4.*no such setting/,
      /DPI=0x10.*line 5.*whole number/,
      /MIN_BATCH_SIZE=-1.*line 6.*whole number/,
    ])
      expect(said).toMatch(part);
  });

  it('never shows a secret', async () => {
    expect(await mistakes('DATABASE_URL=postgre://me:geheim@host/x\nSFTPGO_PASSWORD=geheim2\n')).not.toMatch(/geheim/);
    const wrong = await mistakes('DATABASE_URL=postgres:/me:geheim@host/x\nREDIS_URL=redis//me:geheim@host\n');
    expect(wrong).not.toMatch(/geheim/);
  });

  it('of bytes that are no text, or none at all, is told or read without a crash', async () => {
    expect((await read('')).DPI).toBe(200);
    expect((await read('\n\n# nothing\n')).DPI).toBe(200);
    expect(await mistakes(Buffer.from([0xff, 0xfe, 0x00, 0x41]))).toMatch(/line 1/);
  });
});
