/** PDFs written object by object: for what no library would write. */

/** By object number. The entries of its dictionary; with a body it is a stream, whose length is added. */
export type Objects = Record<number | string, { head: string; body?: string | Uint8Array }>;

/** A PDF 1.7 with cross references in order; object 1 is the catalog. */
export function handmadePdf(objects: Objects, trailer = ''): Buffer {
  const numbers = Object.keys(objects).map(Number);
  const parts: Buffer[] = [Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  let length = parts[0]?.length ?? 0;
  const offsets = new Map<number, number>();
  const put = (bytes: Buffer) => {
    parts.push(bytes);
    length += bytes.length;
  };
  for (const number of numbers) {
    const { head, body } = objects[number] ?? { head: '' };
    offsets.set(number, length);
    const bytes =
      body === undefined ? undefined : typeof body === 'string' ? Buffer.from(body, 'latin1') : Buffer.from(body);
    const size = bytes ? ` /Length ${bytes.length}` : '';
    put(Buffer.from(`${number} 0 obj\n<< ${head}${size} >>\n`, 'latin1'));
    if (bytes) put(Buffer.concat([Buffer.from('stream\n'), bytes, Buffer.from('\nendstream\n')]));
    put(Buffer.from('endobj\n'));
  }
  const start = length;
  const size = Math.max(...numbers) + 1;
  const rows = Array.from({ length: size }, (_, number) => {
    const offset = offsets.get(number);
    if (offset === undefined) return '0000000000 65535 f \n';
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  put(Buffer.from(`xref\n0 ${size}\n${rows.join('')}trailer\n<< /Size ${size} /Root 1 0 R ${trailer} >>\n`));
  put(Buffer.from(`startxref\n${start}\n%%EOF\n`));
  return Buffer.concat(parts);
}
