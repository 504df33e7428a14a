import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import type { DB } from '../../database/database.js';
import { done } from '../../engine/job.js';
import { defineFileJob } from '../../files/file-job.js';
import { sha256OfAll } from '../../files/checksum.js';
import { listNumerically } from '../../files/list-numerically.js';
import { conformanceOf } from '../derivatives/pdf-a.js';
import { PROGRAM_TIMEOUT_SECONDS } from '../derivatives/program-limits.js';
import { splitPdfs } from '../derivatives/split.js';
import { recordConformance, type JudgedPage } from '../page-conformance.js';

/**
 * Splits the PDFs of an upload, in numeric order, to one PDF per page, `seq-0001.pdf` onwards (newspapers spec 3.2.17, 6.1).
 * Done when the output directory is there: it appears whole, by a rename.
 */
export const splitPages = defineFileJob({
  type: 'page_split',
  queue: 'cpu',
  timeout: '1 h',
  maxAttempts: 5,
  args: z.object({ source: z.string(), output: z.string() }),
  locks: ({ source, output }) => [filesLock(source), filesLock(output)],
  async run({ args, db, settings, signal, log, pipelineId }) {
    const names = (await listNumerically(args.source)).filter((name) => /\.pdf$/i.test(name));
    const { pages } = await splitPdfs({
      sources: names.map((name) => join(args.source, name)),
      outputDirectory: args.output,
      minimumPages: settings.MINIMUM_ISSUE_PAGES,
      dpi: settings.DPI,
      pdfA: settings.PDF_A,
      signal,
      log,
    });
    if (!settings.PDF_A) return done({ result: { pages } });
    const issueId = await issueOfPipeline(db, pipelineId);
    const judged = await judgePages(args.output, signal);
    const plain = judged.filter(({ conformance }) => conformance === 'failed').length;
    log.info({ pages, plain }, plain === 0 ? 'all pages are PDF/A-2b' : 'some pages stay plain PDFs');
    return done({ result: { pages, plain }, commit: (trx) => recordConformance(trx, issueId, judged) });
  },
});

/** By the files alone, so that a run after a crash judges what the run before it made. */
async function judgePages(directory: string, signal: AbortSignal): Promise<JudgedPage[]> {
  const pages = (await listNumerically(directory)).map((name) => join(directory, name));
  const sums = await sha256OfAll(pages, signal);
  const limits = { signal, timeoutSeconds: PROGRAM_TIMEOUT_SECONDS };
  const judged: JudgedPage[] = [];
  for (const [index, page] of pages.entries())
    judged.push({ sha256: sums[index] ?? '', conformance: await conformanceOf(page, limits) });
  return judged;
}

async function issueOfPipeline(db: Kysely<DB>, pipelineId: number): Promise<number> {
  const { object_id } = await db
    .selectFrom('pipelines')
    .select('object_id')
    .where('id', '=', pipelineId)
    .executeTakeFirstOrThrow();
  if (object_id === null) throw new Error(`pipeline ${pipelineId} is about no issue`);
  return object_id;
}
