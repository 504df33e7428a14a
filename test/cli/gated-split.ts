/** A long job of the real daemon under the test's thumb: page_split, whose qpdf waits until the test lets it go on. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PDFDocument } from 'pdf-lib';
import type { JobCall } from '../../src/engine/job.js';
import { splitPages } from '../../src/newspapers/jobs/split-pages.js';
import { until } from '../engine/support.js';

export interface GatedSplit {
  job: JobCall;
  /** Where the pages appear. */
  output: string;
  /** For the daemon's environment: a qpdf that waits stands in front of the real one. */
  env: Record<string, string>;
  /** The process ids of qpdf and of a child that it started, as soon as they run. */
  running: () => Promise<number[]>;
  letGo: () => Promise<void>;
}

/** Makes an upload of two pages below `area`, and the gate. All that waits at it ends when the area is removed. */
export async function gatedSplit(area: string): Promise<GatedSplit> {
  const [source, output, gate, programs] = ['upload', 'pages', 'gate', 'programs'].map((name) => join(area, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const directory of [source, gate, programs]) await mkdir(directory);
  const pdf = await PDFDocument.create();
  pdf.addPage();
  pdf.addPage();
  await writeFile(join(source, '1.pdf'), await pdf.save());

  const path = process.env['PATH'] ?? '';
  const wait = `while [ -d '${gate}' ] && [ ! -e '${gate}/open' ]; do sleep 0.05; done`;
  const script = `#!/bin/sh
(${wait}) &
echo "$$ $!" > '${gate}/pids.part' && mv '${gate}/pids.part' '${gate}/pids'
${wait}
PATH='${path}' exec qpdf "$@"
`;
  await writeFile(join(programs, 'qpdf'), script);
  await chmod(join(programs, 'qpdf'), 0o755);
  return {
    job: splitPages({ source, output }),
    output,
    env: { PATH: `${programs}:${path}` },
    async running() {
      await until('qpdf runs', () => existsSync(join(gate, 'pids')));
      return (await readFile(join(gate, 'pids'), 'utf8')).trim().split(' ').map(Number);
    },
    letGo: () => writeFile(join(gate, 'open'), ''),
  };
}
