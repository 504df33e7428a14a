/** A batch of real pages: a bag that validates, METS and ALTO that their schemas accept, and that Open ONI loads whole. */
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { validateBag } from '../../../src/files/bagit/validate-bag.js';
import { runProgram } from '../../../src/files/programs.js';
import { closeThreads } from '../../../src/files/threads.js';
import { checkForOni } from '../../../src/newspapers/batch-files/oni-rules.js';
import { useDatabase } from '../../engine/support.js';
import { assertValidAlto, cannotValidate } from '../derivatives/read-alto.js';
import { BatchStage, givenPages } from './batch-stage.js';

const DATA = join(import.meta.dirname, '../../../../shared/data/newspapers');
const there = existsSync(DATA);
const pages = there
  ? givenPages((kind, directory) => {
      if (kind === 'borndigital') cpSync(join(DATA, 'alto/tribune-1903.pdf'), join(directory, '0001.pdf'));
      else
        for (const end of ['pdf', 'tif'])
          cpSync(join(DATA, `scans/mwa/sn93059126/1856-05-10/0001.${end}`), join(directory, `0001.${end}`));
      return Promise.resolve();
    })
  : undefined;
const own = useDatabase();
afterAll(() => closeThreads());

test.skipIf(!there)('of a page of the Tribune and a scan of the Weekly Journal', { timeout: 240_000 }, async () => {
  if (!pages) throw new Error('no pages');
  const stage = new BatchStage(own, pages);
  const given = await stage.batch();
  for (const job of stage.jobs(given)) await stage.run(job);
  for (const bag of [given.output, given.live]) {
    expect(await validateBag(bag)).toMatchObject({ problems: [], warnings: [] });
    expect(await checkForOni(bag, { awardees: ['mwa'] })).toEqual([]);
  }
  if (cannotValidate !== undefined) return;
  const schema = join(DATA, 'schemas/ndnp-mets.xsd');
  for (const { lccn } of given.issues) {
    const directory = join(given.live, 'data', lccn, 'print/1856051001');
    expect(readdirSync(directory).sort()).toEqual(['0001.jp2', '0001.pdf', '0001.xml', '1856051001.xml']);
    await assertValidAlto(join(directory, '0001.xml'));
    const mets = join(directory, '1856051001.xml');
    await runProgram('xmllint', ['--nonet', '--noout', '--schema', schema, mets], { timeoutSeconds: 60 });
  }
});
