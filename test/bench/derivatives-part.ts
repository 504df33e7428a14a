import { benchDerivatives } from './derivatives.js';
import { rounded, type Bench, type Part } from './part.js';

/** The derivatives helper's measurement, as a part of the report. */
export async function benchDerivativesPart({ rounds, say }: Bench): Promise<Part> {
  say('derivatives: 16-page issues, beside the commands of NCA');
  const measured = await benchDerivatives({ rounds });
  const works = [...new Set(measured.map(({ work }) => work))];
  return {
    title: 'splitting and derivatives of 16 pages, beside the exact commands of NCA',
    rows: measured.map((row) => ({
      work: row.work,
      system: row.contender,
      'wall s/page': rounded(row.wallSecondsPerPage, 3),
      'CPU s/page': rounded(row.cpuSecondsPerPage, 3),
      'JP2 kB/page': rounded(row.bytesPerPage / 1000),
    })),
    aims: works.map((work) => {
      const wall = (contender: string) =>
        measured.find((row) => row.work === work && row.contender === contender)?.wallSecondsPerPage ?? NaN;
      const share = wall('Pressmark') / wall('NCA');
      return {
        aim: `${work}: a third of NCA's wall time or less`,
        measured: `${rounded(share * 100)} %`,
        met: share <= 1 / 3,
      };
    }),
    notes:
      measured.length > 0
        ? []
        : [
            'needs ../shared/data/newspapers, gs, gm and pdfseparate (apt-get install ghostscript graphicsmagick poppler-utils)',
          ],
  };
}
