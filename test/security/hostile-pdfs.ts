/** PDFs that were made to harm whoever opens them: small files that ask for much. */
import { deflateSync } from 'node:zlib';
import { handmadePdf, type Objects } from '../newspapers/derivatives/handmade-pdf.js';

const PAGE = '/Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 4 0 R';
export const FONT = '/Type /Font /Subtype /Type1 /BaseFont /Helvetica';

/** One page; object 4 is its content, 5 and above are free. */
export const onePage = (content: string | Uint8Array, resources = '', more: Objects = {}): Buffer =>
  handmadePdf({
    1: { head: '/Type /Catalog /Pages 2 0 R' },
    2: { head: '/Type /Pages /Count 1 /Kids [3 0 R]' },
    3: { head: `${PAGE} /Resources << ${resources} >>` },
    4: typeof content === 'string' ? { head: '', body: content } : { head: '/Filter /FlateDecode', body: content },
    ...more,
  });

/** So many megabytes of empty lines, packed a thousand to one. */
export const packed = (megabytes: number): Uint8Array => deflateSync(Buffer.alloc(megabytes * 2 ** 20, '\n'));

/** A page whose content unpacks to that many megabytes of nothing. */
export const contentBomb = (megabytes: number): Buffer => onePage(packed(megabytes));

/** A page that draws forms which draw forms: `each` of them, `levels` deep. */
export function formBomb(each: number, levels: number): Buffer {
  const form = (level: number): [number, { head: string; body: string }] => {
    const inner = level === levels ? '' : `/Resources << /XObject << /X ${11 + level} 0 R >> >>`;
    const body = level === levels ? '0 0 9 9 re f' : '/X Do '.repeat(each);
    return [10 + level, { head: `/Type /XObject /Subtype /Form /BBox [0 0 300 400] ${inner}`, body }];
  };
  const forms = Array.from({ length: levels + 1 }, (_, level) => form(level));
  return onePage(
    `BT /F 9 Tf 50 50 Td (word) Tj ET ${'/X Do '.repeat(each)}`,
    '/Font << /F 5 0 R >> /XObject << /X 10 0 R >>',
    {
      5: { head: FONT },
      ...Object.fromEntries(forms),
    },
  );
}

/** Tables of pages that hold each other, ten each, and no page. */
export function treeBomb(levels: number): Buffer {
  const table = (level: number) => ({
    head: `/Type /Pages /Count 10 /Kids [${level === levels ? '' : `${2 + level} 0 R `.repeat(10)}]`,
  });
  const tables = Array.from({ length: levels }, (_, index) => [2 + index, table(index + 1)] as const);
  return handmadePdf({ 1: { head: '/Type /Catalog /Pages 2 0 R' }, ...Object.fromEntries(tables) });
}

/** One page and so many objects that nothing refers to. */
export function manyObjects(count: number): Buffer {
  const head = onePage('BT ET');
  const until = head.lastIndexOf('xref\n0');
  const first = 6;
  const objects: string[] = [];
  const rows: string[] = [];
  let at = until;
  for (let number = first; number < first + count; number++) {
    const object = `${number} 0 obj\n<< /K [${number - 1} 0 R] >>\nendobj\n`;
    rows.push(`${String(at).padStart(10, '0')} 00000 n \n`);
    at += object.length;
    objects.push(object);
  }
  const [, own = ''] = /xref\n0 5\n([^]*?)trailer/.exec(head.toString('latin1', until)) ?? [];
  const table = `xref\n0 5\n${own}${first} ${count}\n${rows.join('')}`;
  const end = `trailer\n<< /Size ${first + count} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`;
  return Buffer.concat([head.subarray(0, until), Buffer.from(objects.join('') + table + end)]);
}
