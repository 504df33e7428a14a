import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { parse } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { compareNumerically } from '../../src/files/list-numerically.js';
import { RenumberingRefused, renumberPages } from '../../src/files/renumber.js';
import { killAfter, restart } from './killed.js';
import { makeTree, readTree, scratch, type Content } from './trees.js';

vi.mock('node:fs/promises', async (original) => (await import('./killed.js')).killable(await original()));

const { at } = scratch();
beforeEach(() => restart());

/** A directory in which every file says what it was called. */
const issueOf = (names: readonly string[]) => {
  rmSync(at('issue'), { recursive: true, force: true });
  makeTree(at('issue'), Object.fromEntries(names.map((name) => [name, `was ${name}`])));
};
const renumbered = async (...names: string[]) => {
  issueOf(names);
  await renumberPages(at('issue'));
  return readTree(at('issue'));
};

describe('pages get their numbers in numeric order (spec 3.2.15)', () => {
  test('one number per name, for a PDF and its TIFF together', async () => {
    const names = Array.from({ length: 8 }, (_, i) => [`gray${346 + i}.pdf`, `gray${346 + i}.tiff`]).flat();
    const after = await renumbered(...names);
    expect(Object.keys(after)).toHaveLength(16);
    expect(after).toMatchObject({
      '0001.pdf': 'was gray346.pdf',
      '0001.tif': 'was gray346.tiff',
      '0008.tif': 'was gray353.tiff',
    });
  });

  test('the set oru-2013202554 (spec 11.5)', async () => {
    const first = ['0001', '0002', '0003', '0006', '0007', '0008', '0009', '00028', '032'];
    const rest = ['0040', '0041', '0042', '0043', '0044', '0045', '0046', '0047', '48', '0049', '0050'];
    const after = await renumbered(...[...first, ...rest].flatMap((page) => [`${page}.tiff`, `${page}.pdf`]));
    expect(after).toMatchObject({ '0008.tif': 'was 00028.tiff', '0009.pdf': 'was 032.pdf', '0018.tif': 'was 48.tiff' });
    expect(Object.keys(after)).toHaveLength(40);
  });

  test('extensions in any case, other files left alone', async () => {
    expect(await renumbered('2.PDF', '2.TIFF', '1.Tif', 'notes.txt', '.hidden.pdf')).toEqual({
      '0001.tif': 'was 1.Tif',
      '0002.pdf': 'was 2.PDF',
      '0002.tif': 'was 2.TIFF',
      'notes.txt': 'was notes.txt',
      '.hidden.pdf': 'was .hidden.pdf',
    });
  });

  test('twice changes nothing, and says so', async () => {
    issueOf(['9.pdf', '10.pdf']);
    expect(await renumberPages(at('issue'))).toEqual([
      { from: '9.pdf', to: '0001.pdf' },
      { from: '10.pdf', to: '0002.pdf' },
    ]);
    expect(await renumberPages(at('issue'))).toEqual([]);
  });
});

describe('no page is overwritten (W8)', () => {
  test('0000.pdf and 0001.pdf both live', async () => {
    expect(await renumbered('0000.pdf', '0001.pdf')).toEqual({
      '0001.pdf': 'was 0000.pdf',
      '0002.pdf': 'was 0001.pdf',
    });
  });

  test('00.pdf beside 0001.pdf, a cover beside 0001.pdf and 0002.pdf', async () => {
    expect(await renumbered('00.pdf', '0001.pdf')).toEqual({ '0001.pdf': 'was 00.pdf', '0002.pdf': 'was 0001.pdf' });
    expect(await renumbered('-1 cover.pdf', '0001.pdf', '0002.pdf')).toEqual({
      '0001.pdf': 'was -1 cover.pdf',
      '0002.pdf': 'was 0001.pdf',
      '0003.pdf': 'was 0002.pdf',
    });
  });

  test.each([
    ['1.tif', '1.tiff'],
    ['1.pdf', '1.PDF'],
  ])('%s and %s would be the same page file: refused, nothing touched', async (one, other) => {
    issueOf([one, other, '2.pdf']);
    await expect(renumberPages(at('issue'))).rejects.toThrow(/would both become 0001\.(tif|pdf); remove or rename one/);
    expect(Object.keys(readTree(at('issue'))).sort()).toEqual([one, other, '2.pdf'].sort());
  });

  test('no pages, or too many, are refused', async () => {
    issueOf(['notes.txt']);
    await expect(renumberPages(at('issue'))).rejects.toThrow('there is no .pdf or .tif file in it');
    for (let i = 0; i < 10_000; i++) writeFileSync(at('issue', `${i}.pdf`), '');
    await expect(renumberPages(at('issue'))).rejects.toThrow('10000 pages, at most 9999 are possible');
  });
});

/** Names that get in each other's way. */
const pageNames = fc.uniqueArray(
  fc
    .tuple(
      fc.oneof(
        fc.nat(12).map(String),
        fc.nat(12).map((n) => String(n).padStart(4, '0')),
        fc.constantFrom('cover', 'a b', 'line\nbreak', '-1', '🗞️', '00', '0012345678'),
      ),
      fc.constantFrom('.pdf', '.tif', '.tiff', '.PDF', '.txt'),
    )
    .map((parts) => parts.join('')),
  { minLength: 1, maxLength: 10, selector: (name) => parse(name).name + parse(name).ext.toLowerCase().slice(0, 4) },
);

/** What must come out, told in another way than by the code. */
function expected(names: readonly string[]): Content {
  const isPage = (name: string) => /\.(pdf|tiff?)$/i.test(name);
  const bases = [
    ...new Set(
      names
        .filter(isPage)
        .sort(compareNumerically)
        .map((name) => parse(name).name),
    ),
  ];
  return Object.fromEntries(
    names.map((name) => {
      const number = String(bases.indexOf(parse(name).name) + 1).padStart(4, '0');
      return [isPage(name) ? number + (/pdf$/i.test(name) ? '.pdf' : '.tif') : name, `was ${name}`];
    }),
  );
}
const withPages = pageNames.filter((names) => names.some((name) => !name.endsWith('.txt')));
const isOurs = (name: string) => name.startsWith('.pressmark-');

describe('kill -9 at any point, then run again', () => {
  test('every page is there once, with its content, under its number', async () => {
    const survives = async (names: string[], kills: number[]) => {
      issueOf(names);
      for (const calls of kills) {
        killAfter(calls);
        try {
          await renumberPages(at('issue'));
        } catch (error) {
          if (!restart()) throw error;
        }
        restart();
        expect(Object.values(readTree(at('issue'))).filter((content) => content.startsWith('was ')).length).toBe(
          names.length,
        );
      }
      await renumberPages(at('issue'));
      const after = readTree(at('issue'));
      expect(Object.fromEntries(Object.entries(after).filter(([name]) => !isOurs(name)))).toEqual(expected(names));
      return true;
    };
    const kills = fc.array(fc.nat(90), { maxLength: 4 });
    await fc.assert(fc.asyncProperty(withPages, kills, survives), { numRuns: 150 });
  });

  test('at every single step, also with clean_files run in between', async () => {
    const { cleanDirectory } = await import('../../src/files/clean-directory.js');
    const names = ['0002.pdf', '0001.pdf', '0000.pdf', '0003.tif', '0003.pdf'];
    let calls = 0;
    for (let wasKilled = true; wasKilled; calls++) {
      issueOf(names);
      killAfter(calls);
      await renumberPages(at('issue')).catch(() => undefined);
      wasKilled = restart();
      await cleanDirectory(at('issue'));
      await renumberPages(at('issue'));
      expect(readTree(at('issue'))).toEqual(expected(names));
    }
    expect(calls).toBeGreaterThan(50);
  });

  /** Killed between the two phases: all pages on their way. */
  const killedHalfWay = async () => {
    issueOf(['a.pdf', 'b.pdf']);
    for (let calls = 0; ; calls++) {
      killAfter(calls);
      await renumberPages(at('issue')).catch(() => undefined);
      restart();
      const names = Object.keys(readTree(at('issue')));
      if (names.includes('renumbering-0002.pdf')) return;
    }
  };

  test('pages on their way whose plan was taken away are refused, not guessed', async () => {
    await killedHalfWay();
    rmSync(at('issue', 'renumbering.json'));
    await expect(renumberPages(at('issue'))).rejects.toThrow(
      /renumbering-0001\.pdf is left of a renumbering whose plan/,
    );
  });

  test('a page that was taken away, or put in the way, meanwhile is named', async () => {
    await killedHalfWay();
    renameSync(at('issue', 'renumbering-0002.pdf'), at('mine.pdf'));
    await expect(renumberPages(at('issue'))).rejects.toThrow(RenumberingRefused);
    await expect(renumberPages(at('issue'))).rejects.toThrow(/pdf was taken away meanwhile; put it back/);
    renameSync(at('mine.pdf'), at('issue', 'renumbering-0002.pdf'));
    writeFileSync(at('issue', '0002.pdf'), 'new');
    await expect(renumberPages(at('issue'))).rejects.toThrow(/0002\.pdf was put there meanwhile/);
    expect(readTree(at('issue'))['0002.pdf']).toBe('new');
    rmSync(at('issue', '0002.pdf'));
    await renumberPages(at('issue'));
    expect(readTree(at('issue'))).toEqual({ '0001.pdf': 'was a.pdf', '0002.pdf': 'was b.pdf' });
  });

  test('a plan that leads out of the directory is refused', async () => {
    issueOf(['1.pdf']);
    const renames = [{ from: '../../outside.pdf', way: 'renumbering-0001.pdf', to: '0001.pdf' }];
    writeFileSync(at('issue', 'renumbering.json'), JSON.stringify({ phase: 1, renames }));
    await expect(renumberPages(at('issue'))).rejects.toThrow(/renumbering\.json in it is no plan of ours/);
  });
});
