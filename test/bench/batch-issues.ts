/** Issues that are ready for a batch, as files of realistic sizes with their sums, and as the rows of a new database. */
import { createHash, randomFillSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../src/database/database.js';
import { batchProduct } from './batch-product.js';

const KB = 1000;
const SIZES = { jp2: 600 * KB, pdf: 250 * KB, xml: 250 * KB, tif: 3000 * KB } as const;
/** Every eighth page has kept its TIFF. */
const PAGES_PER_TIFF = 8;
const METS_BYTES = 30 * KB;

export interface MadeIssue {
  directory: string;
  lccn: string;
  date: string;
  pages: number;
  files: { path: string; size: number; sha256: string }[];
}

/** Writes the files: bytes without meaning, as nothing of a batch looks into them, and a METS that the agent can read. */
export async function makeIssueFiles(
  root: string,
  { issues, pages }: { issues: number; pages: number },
): Promise<MadeIssue[]> {
  const noise = randomFillSync(Buffer.allocUnsafe(SIZES.tif));
  const made: MadeIssue[] = [];
  for (let number = 0; number < issues; number++) {
    const date = new Date(Date.UTC(1900, 0, 1 + number)).toISOString().slice(0, 10);
    const lccn = 'sn12345678';
    const directory = join(root, `${lccn}-${date}`);
    const issue: MadeIssue = { directory, lccn, date, pages, files: [] };
    await mkdir(directory, { recursive: true });
    const write = async (path: string, content: Buffer) => {
      await writeFile(join(directory, path), content);
      const sha256 = createHash('sha256').update(content).digest('hex');
      issue.files.push({ path, size: content.length, sha256 });
    };
    for (let page = 1; page <= pages; page++)
      for (const [extension, size] of Object.entries(SIZES)) {
        if (extension === 'tif' && (number * pages + page) % PAGES_PER_TIFF !== 0) continue;
        noise.write(`${date} ${page} ${extension} `); // no two files are alike
        await write(`${String(page).padStart(4, '0')}.${extension}`, noise.subarray(0, size));
      }
    await write(`${date.replaceAll('-', '')}01.xml`, Buffer.from(metsOf(issue).padEnd(METS_BYTES)));
    made.push(issue);
  }
  return made;
}

/** Their rows, as the review of their metadata leaves them. */
export async function insertIssues({ kysely }: Database, made: readonly MadeIssue[]): Promise<void> {
  const product = await batchProduct();
  const { org } = await product.addOrg(kysely, 'bench', 'Bench Library');
  for (const { directory, lccn, date, pages, files } of made) {
    const marc = { lccn: product.parseLccn(lccn), title: 'The Bench.', place: 'Chicopee, Mass.', language: 'eng' };
    const { title } = await product.addTitle(kysely, marc);
    await kysely.transaction().execute(async (trx) => {
      const row = { titleId: title.id, orgId: org.id, kind: 'borndigital' as const, date, edition: 1 };
      const issue = await product.createIssue(trx, { ...row, location: directory }, { actor: 'bench' });
      if (!issue) throw new Error(`there is an issue of ${lccn} ${date} already`);
      await product.setPageCount(trx, issue.id, pages);
      await product.setIssueColumns(trx, issue.id, { workflow_step: 'ReadyForBatching' });
      const object = product.issueObject(issue.id);
      await product.recordFiles(trx, { object, role: 'page', directory, pipelineId: null, files });
    });
  }
}

const metsOf = ({ lccn, date, pages }: MadeIssue): string => `<?xml version="1.0"?>
<mets xmlns="http://www.loc.gov/METS/" xmlns:mods="http://www.loc.gov/mods/v3"><mods:mods>
  <mods:identifier type="lccn">${lccn}</mods:identifier>
  <mods:detail type="edition"><mods:number>1</mods:number></mods:detail>
  <mods:dateIssued encoding="iso8601">${date}</mods:dateIssued></mods:mods>
  <div TYPE="np:issue">${'<div TYPE="np:page"/>'.repeat(pages)}</div></mets>`;
