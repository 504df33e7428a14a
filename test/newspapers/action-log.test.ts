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
