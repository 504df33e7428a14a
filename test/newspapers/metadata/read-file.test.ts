/** Files of metadata, as programs write them (newspapers spec 9). */
import { describe, expect, it } from 'vitest';
import { readCsv, readJson, UnreadableMetadata } from '../../../src/newspapers/metadata/read-file.js';

describe('CSV', () => {
  it.each([
    ['commas', 'issue,volume,labels\r\nsn1/1856051001,12,"1,2,,4"\r\n'],
    ['semicolons', 'issue;volume;labels\nsn1/1856051001;12;1,2,,4'],
    ['tabs', 'issue\tvolume\tlabels\nsn1/1856051001\t12\t1,2,,4\n\n'],
  ])('with %s', async (_, text) => {
    expect(await readCsv(text)).toEqual([
      { where: 'line 2', issue: 'sn1/1856051001', parameters: { volume: '12', labels: '1,2,,4' } },
    ]);
  });

  it('numbers its lines as an editor does, whatever is empty or goes over several', async () => {
    const text = 'issue,comment\n\n1,"first\nsecond"\n\n2,\n';
    expect(await readCsv(text)).toEqual([
      { where: 'line 4', issue: '1', parameters: { comment: 'first\nsecond' } },
      { where: 'line 6', issue: '2', parameters: {} },
    ]);
  });

  it('may have no lines, or only the issues', async () => {
    expect(await readCsv('issue,volume\n')).toEqual([]);
    expect(await readCsv('issue\n7')).toEqual([{ where: 'line 2', issue: '7', parameters: {} }]);
  });
});

describe('JSON', () => {
  it('is a list, or one; what is null is not given', () => {
    const one = { issue: 7, volume: null, labels: ['1', null] };
    const read = [{ where: 'entry 1', issue: '7', parameters: { labels: ['1', null] } }];
    expect(readJson(JSON.stringify(one))).toEqual(read);
    expect(readJson(JSON.stringify([one]))).toEqual(read);
    expect(readJson('[]')).toEqual([]);
  });

  it('names what it does not know', () => {
    expect(() => readJson('[{"issue": 1}, {"issue": 2, "lables": "1"}]')).toThrow(UnreadableMetadata);
    expect(() => readJson('[{"issue": 1}, {"issue": 2, "lables": "1"}]')).toThrow(
      'entry 2 has unknown columns: "lables" (did you mean labels?)',
    );
  });
});
