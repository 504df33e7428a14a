import { expect, test } from 'vitest';
import { actionLog } from '../../src/newspapers/action-log.js';

const at = new Date(2026, 0, 2, 15, 4);

test('tells who did what when, oldest first, with messages indented and wrapped at 80 columns', () => {
  const long = `${'word '.repeat(20).trim()}\r\n\r\nsecond paragraph`;
  expect(
    actionLog([
      { at, actor: 'ann', kind: 'issue_created', detail: { kind: 'borndigital' } },
      { at: new Date(2026, 0, 3, 0, 30), actor: 'bob', kind: 'decided', detail: { verb: 'remove', comment: long } },
      { at, actor: 'engine', kind: 'failed', detail: { error: { message: 'the disk is full' } } },
    ]),
  ).toBe(
    [
      'ann took the issue in on Jan 2, 2026 at 3:04pm',
      '',
      'bob answered a question on Jan 3, 2026 at 12:30am:',
      '',
      '    remove',
      '    word word word word word word word word word word word word word word word',
      '    word word word word word',
      '',
      '    second paragraph',
      '',
      'engine ran a job, which failed on Jan 2, 2026 at 3:04pm:',
      '',
      '    the disk is full',
      '',
    ].join('\n'),
  );
});

test('a line of exactly 80 columns stays, one of 81 is broken', () => {
  const body = (comment: string) =>
    actionLog([{ at, actor: 'ann', kind: 'decided', detail: { comment } }])
      .split('\n')
      .slice(2);
  const [a, b] = ['a'.repeat(40), 'b'.repeat(35)];
  expect(body(`${a} ${b}`)).toEqual([`    ${a} ${b}`, '']);
  expect(body(`${a} ${b}b`)).toEqual([`    ${a}`, `    ${b}b`, '']);
});

test('a name or a kind of several lines stays on one', () => {
  expect(actionLog([{ at, actor: 'ev\nil', kind: 'some_new_thing', detail: {} }])).toBe(
    'ev il some new thing on Jan 2, 2026 at 3:04pm\n',
  );
});

test('the metadata and what became of it is told in words', () => {
  const told = (kind: string, detail: Record<string, unknown>) =>
    actionLog([{ at, actor: 'ann', kind, detail }]).replace(/ on Jan.*pm/, '').replace(/\n\n? */g, ' ').trim(); // prettier-ignore
  expect([
    told('metadata_saved', { fields: ['volume', 'labels'] }),
    told('metadata_submitted', {
      message: 'the date is misprinted',
      key: 'sn1/1856051002',
      formerKey: 'sn1/1856051001',
    }),
    told('warnings_accepted', { warnings: ['it is live already', 'and in the workflow'] }),
    told('metadata_approved', { message: null }),
    told('metadata_rejected', { notes: 'page 2 is numbered 3' }),
    told('error_reported', { error: 'torn' }),
    told('returned', { to: 'entry', owner: 'bob', comment: 'look again' }),
    told('ready_for_batching', { files: 11 }),
  ]).toEqual([
    'ann kept a draft of the metadata: volume, labels',
    'ann entered the metadata and sent it to review: the date is misprinted as sn1/1856051002, until then sn1/1856051001',
    'ann accepted warnings: it is live already and in the workflow',
    'ann approved the metadata',
    'ann rejected the metadata: page 2 is numbered 3',
    'ann reported an unfixable error: torn',
    'ann returned the issue: look again to entry, for bob',
    'ann made the issue ready for a batch: 11 files',
  ]);
});
