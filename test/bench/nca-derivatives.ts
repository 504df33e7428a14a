/**
 * What NCA runs for an issue, command by command (newspapers 6.1 to 6.3), one page after the other as NCA does. Its own
 * Go code (reading pdftotext's output, writing ALTO, copying) is not in it: it is small beside these.
 */
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { product } from './derivatives-product.js';

const LIMIT_SECONDS = 900;

async function run(program: string, ...args: string[]): Promise<void> {
  const { runProgram } = await product();
  await runProgram(program, args, { timeoutSeconds: LIMIT_SECONDS, okExitCodes: [0, 1] });
}

/** NCA's page_split: merge, separate, PDF/A; the pages land in `output`. */
export async function runNcaSplit(sources: readonly string[], output: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'nca-split-'));
  const combined = join(work, 'combined.pdf');
  await run(
    'gs',
    ...['-sDEVICE=pdfwrite', '-dCompatibilityLevel=1.6', '-dPDFSETTINGS=/default', '-dNOPAUSE', '-dQUIET', '-dBATCH'],
    ...['-dDetectDuplicateImages', '-dCompressFonts=true', '-r150', '-dAutoRotatePages=/None'],
    ...[`-sOutputFile=${combined}`, ...sources],
  );
  await run('pdfseparate', combined, join(work, 'seq-%d.pdf'));
  await rm(combined);
  await mkdir(output);
  for (const name of await readdir(work)) {
    const page = join(work, name);
    await run(
      'gs',
      ...['-dPDFA=2', '-dBATCH', '-dNOPAUSE', '-sProcessColorModel=DeviceCMYK', '-sDEVICE=pdfwrite'],
      ...['-sPDFACompatibilityPolicy=1', `-sOutputFile=${page}.a`, page],
    );
    await rename(`${page}.a`, page);
    await copyFile(page, join(output, `seq-${name.replace(/\D/g, '').padStart(4, '0')}.pdf`));
  }
  await rm(work, { recursive: true });
}

/** NCA's make_derivatives: text of all pages, then their JP2s. */
export async function runNcaDerivatives(
  directory: string,
  kind: 'borndigital' | 'scan',
  { dpi = 200, rate = '27.500' } = {},
): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'nca-derivatives-'));
  const pdfs = (await readdir(directory)).filter((name) => /^\d{4}\.pdf$/.test(name)).sort();
  for (const name of pdfs) await run('pdftotext', join(directory, name), '-bbox-layout', join(work, 'text.html'));
  for (const name of pdfs) {
    const base = join(directory, name.slice(0, 4));
    const [png, jp2] = [join(work, 'page.png'), join(work, 'page.jp2')];
    if (kind === 'borndigital')
      await run(
        'gs',
        ...['-dNOPAUSE', '-dUseCropBox', '-sDEVICE=png16m', '-dBackgroundColor=16#ffffff', `-sOutputFile=${png}`],
        ...[`-r${dpi}`, '-q', `${base}.pdf`, '-c', 'quit'],
      );
    else await run('gm', 'convert', '-background', 'white', '-quality', '0', `${base}.tif`, png);
    await run('opj_compress', '-i', png, '-o', jp2, '-t', '1024,1024', '-r', rate);
    await run('opj_decompress', '-i', jp2, '-r', '4', '-o', join(work, 'test.png'));
    await copyFile(jp2, `${base}.jp2`);
  }
  await rm(work, { recursive: true });
}
