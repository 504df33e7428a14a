import { describe, expect, it } from 'vitest';
import { composeIssue, type ComposedIssue, type IssueRequest } from '../../../src/newspapers/samples/compose.js';
import type { PageCanvas, PlacedWord } from '../../../src/newspapers/samples/layout/canvas.js';
import { ALDER_LANDING_BEACON, PORT_MERROW_LEDGER } from '../../../src/newspapers/samples/sample-titles.js';

/** Pairs of words that are drawn over each other; letters reach from the x-height to the baseline for certain. */
function overprints(canvas: PageCanvas): string[] {
  const top = (word: PlacedWord): number => word.baseline - word.size * 0.6;
  const words = [...canvas.words].sort((a, b) => top(a) - top(b));
  const found: string[] = [];
  words.forEach((word, i) => {
    for (const other of words.slice(i + 1)) {
      if (top(other) > word.baseline) break;
      const apart = other.x >= word.x + word.width - 0.4 || word.x >= other.x + other.width - 0.4;
      if (!apart) found.push(`${word.text} / ${other.text}`);
    }
  });
  return found;
}

/** How many of the runs of eight words of body type are told more than `times` times. */
function repeated({ pages }: ComposedIssue, times: number): number {
  const words = pages.flatMap((page) =>
    page.words.filter(({ size }) => size > 8 && size < 9.5).map(({ text }) => text),
  );
  const runs = new Map<string, number>();
  for (let i = 0; i + 8 <= words.length; i++) {
    const run = words.slice(i, i + 8).join(' ');
    runs.set(run, (runs.get(run) ?? 0) + 1);
  }
  return [...runs.values()].filter((count) => count > times).length / runs.size;
}

const requests: IssueRequest[] = [ALDER_LANDING_BEACON, PORT_MERROW_LEDGER].flatMap((title) =>
  [1, 2, 5, 16].flatMap((pages) => [3, 11].map((seed) => ({ title, date: '1911-03-10', pages, seed }))),
);

describe('the pages of a sample newspaper', () => {
  it.each(requests)(
    'have every word inside the margins, whole, and none over another: $title.name, $pages pages, seed $seed',
    async (request) => {
      const { pages } = await composeIssue(request);
      expect(pages).toHaveLength(request.pages);
      for (const page of pages) {
        expect(page.words.filter((word) => word.x < 30 || word.x + word.width > page.width - 30)).toEqual([]);
        expect(page.words.filter((word) => word.baseline < 20 || word.baseline > page.height - 24)).toEqual([]);
        expect(page.words.filter(({ text }) => /[{}[\]<>|]|undefined|NaN/.test(text))).toEqual([]);
        expect(overprints(page)).toEqual([]);
        expect(page.words.length).toBeGreaterThan(900);
      }
    },
  );

  it('have columns that are filled to their right edges', async () => {
    const { pages } = await composeIssue({ title: ALDER_LANDING_BEACON, date: '2024-03-07', pages: 3, seed: 1 });
    // a word broken at the end of a line ends at the edge of its column: one of five
    const broken = pages.flatMap(({ words }) => words.filter(({ text, size }) => size === 8.9 && /[a-z]-$/.test(text)));
    const edges = new Set(broken.map(({ x, width }) => (x + width).toFixed(1)));
    expect(broken.length).toBeGreaterThan(15);
    expect([...edges].every((edge) => ['170.4', '316.8', '463.2', '609.6', '756.0'].includes(edge))).toBe(true);
  });

  it('of a long issue do not tell the same thing over and over', async () => {
    const tabloid = await composeIssue({ title: ALDER_LANDING_BEACON, date: '2024-03-07', pages: 16, seed: 1 });
    const broadsheet = await composeIssue({ title: PORT_MERROW_LEDGER, date: '1911-03-10', pages: 4, seed: 1 });
    expect(repeated(tabloid, 4)).toBeLessThan(0.005);
    expect(repeated(broadsheet, 4)).toBeLessThan(0.005);
    expect(repeated(tabloid, 1)).toBeLessThan(0.2);
    expect(repeated(broadsheet, 1)).toBeLessThan(0.2);
  });
});
