import { describe, expect, it } from 'vitest';
import { loadFaces } from '../../../src/newspapers/samples/fonts/faces.js';
import { seededRandom } from '../../../src/newspapers/samples/random.js';
import { ALDER_LANDING, PORT_MERROW } from '../../../src/newspapers/samples/text/gazetteer.js';
import { Teller } from '../../../src/newspapers/samples/text/teller.js';
import { CURIOUS_TOPICS } from '../../../src/newspapers/samples/text/topics-curious.js';
import { COUNTRY_TOPICS } from '../../../src/newspapers/samples/text/topics-country.js';
import { SPORT_AND_OPINION_TOPICS } from '../../../src/newspapers/samples/text/topics-sport.js';
import { TOWN_TOPICS } from '../../../src/newspapers/samples/text/topics-town.js';
import { hyphenate } from '../../../src/newspapers/samples/typeset/hyphenate.js';
import { balancedLines, breakLines } from '../../../src/newspapers/samples/typeset/lines.js';

describe('hyphenation', () => {
  it.each([
    ['committee', 'com-mit-tee'],
    ['harbor', 'har-bor'],
    ['beginning', 'begin-ning'],
    ['something', 'some-thing'],
    ['improvement', 'improve-ment'],
    ['accepted,”', 'ac-cepted,”'],
    ['walked', 'walked'],
    ['farmer', 'farmer'],
    ['through', 'through'],
    ['Alder', 'Alder'],
    ['bread', 'bread'],
  ])('breaks %s as %s', (word, broken) => {
    expect(hyphenate(word).join('-')).toBe(broken);
  });
});

describe('lines', () => {
  const text =
    'The keeper of the light said on Thursday that nothing had been seen beyond the bar since the beginning of the month, and that the committee would be told of it in writing.';

  it('of a paragraph fill the measure exactly, but for the last, and say the same words', async () => {
    const faces = await loadFaces();
    const style = { face: faces['PTSerif-Regular'], size: 9, measure: 120, indent: 9 };
    const lines = breakLines(text, style);
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines.slice(0, -1)) {
      const spaces = line.text.split(' ').length - 1;
      const set =
        line.face.width(line.text, line.size) + spaces * line.wordSpacing + (line.text.length - 1) * line.letterSpacing;
      expect(line.indent + set).toBeCloseTo(120, 6);
      expect(line.letterSpacing).toBeLessThan(0.05 * 9);
    }
    expect(lines[0]?.indent).toBe(9);
    expect(lines.at(-1)?.wordSpacing).toBe(0);
    const joined = lines
      .map((line) => line.text)
      .join(' ')
      .replace(/(\p{Ll})- /gu, '$1');
    expect(joined).toBe(text);
  });

  it('of a headline are about equally long', async () => {
    const faces = await loadFaces();
    const face = faces['PTSerif-Bold'];
    const lines = balancedLines('Council votes to rebuild the walks of Spruce Street', {
      face,
      size: 20,
      measure: 330,
      indent: 0,
    });
    const widths = lines.map((line) => face.width(line.text, 20));
    expect(lines).toHaveLength(2);
    expect(Math.min(...widths)).toBeGreaterThan(Math.max(...widths) * 0.75);
  });
});

describe('the teller of stories', () => {
  const tell = (templates: string[], gazetteer = ALDER_LANDING): string[] => {
    const teller = new Teller(seededRandom(4), gazetteer);
    return templates.map((template) => teller.tell(template));
  };

  it('gives a person a full name and a role at first, then the surname', () => {
    const [first = '', second = '', third = ''] = tell([
      '{A:the clerk}, spoke.',
      'No one answered {A}.',
      '{A:the clerk}, left.',
    ]);
    const surname = first.split(/[ ,]/)[1] ?? '';
    expect(first).toMatch(/^\p{Lu}\p{Ll}+ \p{Lu}\p{L}+, the clerk, spoke\.$/u);
    expect(second).toBe(`No one answered ${surname}.`);
    expect(third).toBe(`${surname} left.`);
  });

  it('calls people Mr. and Mrs. in an old paper, and keeps an office before the name', () => {
    const [, second = '', judge = '', again = ''] = tell(
      ['{A} came.', '{A} left.', 'Judge {B} sat.', 'Then {B} rose.'],
      PORT_MERROW,
    );
    expect(second).toMatch(/^(Mr|Mrs|Miss)\.? \p{L}+ left\.$/u);
    expect(judge).toMatch(/^Judge \p{L}+ \p{Lu}\. \p{L}+ sat\.$/u);
    expect(again).toMatch(/^Then Judge \p{L}+ rose\.$/u);
  });

  it('writes small numbers as words, large ones with commas, and keeps a lettered one', () => {
    expect(tell(['{n:4-4} boats', 'for ${n:4-4}', '{k:2000-9000} of them', '{k:2000-9000} again'])).toEqual(
      [
        'Four boats',
        'for $4',
        expect.stringMatching(/^\d,\d{3} of them$/),
        expect.stringMatching(/^\d,\d{3} again$/),
      ].map((line) => (typeof line === 'string' ? line.replace(/^f/, 'F') : (line as string))),
    );
    const [one = '', two = ''] = tell(['{k:20-90} x', '{k:20-90} x']);
    expect(one).toBe(two);
  });

  it('has templates in which a number has one range throughout', () => {
    for (const topic of [...TOWN_TOPICS, ...COUNTRY_TOPICS, ...CURIOUS_TOPICS, ...SPORT_AND_OPINION_TOPICS]) {
      const ranges = new Map<string, string>();
      for (const [, letter = '', range = ''] of JSON.stringify(topic).matchAll(/\{([a-mo-z]):([\d/-]+)\}/g)) {
        expect(ranges.get(letter) ?? range, `{${letter}} in "${topic.headlines[0] ?? ''}"`).toBe(range);
        ranges.set(letter, range);
      }
    }
  });
});
