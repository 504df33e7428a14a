/** What holds for every script of bin/sql: it says what it is, wants what it needs, and takes values for values. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { brokenInvariants } from '../engine/invariants.js';
import { plan, Stage } from '../engine/stage.js';
import { enqueuedOne, rows, useDatabase } from '../engine/support.js';
import { psql, refused, scripts, SQL_DIRECTORY } from './psql.js';

const own = useDatabase();

/** The required variables of each, with a right value; undefined: it only looks. */
const REQUIRED: Record<string, Record<string, string>> = {
  'cancel-pipeline': { id: '1', reason: 'a test' },
  'create-role': { owner: 'pressmark_sql_owner', role: 'pressmark_sql_role' },
  'locks-held': {},
  'page-review-look-again': {},
  'page-review-redo': { issue: '1', reason: 'a test' },
  'page-review-remove': { issue: '1', reason: 'a test' },
  'page-reviews': {},
  'release-claim': { id: '1', reason: 'a test' },
  'requeue-all-failed': { reason: 'a test' },
  'requeue-failed-of-type': { type: 'fast_step', reason: 'a test' },
  'requeue-pipeline': { id: '1', reason: 'a test' },
  runners: {},
  'slow-jobs': {},
  'stuck-of-dead-runners-to-pending': { reason: 'a test' },
  'stuck-of-host-to-pending': { host: 'b', reason: 'a test' },
  'stuck-pipeline-to-pending': { id: '1', reason: 'a test' },
  'table-sizes': {},
  'unfinished-work': {},
  'unpush-batch': { batch: 'SlateSealNearFerns' },
};

/** Not checked here with hostile values: they would be names of roles of the whole server (test/sql/create-role.test.ts). */
const OF_THE_SERVER = new Set(['create-role']);

const HOSTILE = `'; drop table pipelines cascade; --\\g "$(touch /tmp/x)" :'reason' \\! ls`;

test('every script is known here', () => {
  expect(scripts).toEqual(Object.keys(REQUIRED));
});

describe.each(scripts)('%s.sql', (script) => {
  const text = readFileSync(`${SQL_DIRECTORY}/${script}.sql`, 'utf8');
  const head = /^(?:--.*\n)+/.exec(text)?.[0] ?? '';
  const required = REQUIRED[script] ?? {};

  test('says at its head what it is for, when and how to call it, and what it changes or refuses', () => {
    expect(head).toMatch(/^-- [A-Z].*\n/);
    expect(head).toMatch(/^-- When {7}\S/m);
    expect(head).toContain(`-f bin/sql/${script}.sql`);
    expect(head).toMatch(/^-- (Changes|Refuses) /m);
    for (const [name] of Object.entries(required))
      expect(head).toMatch(new RegExp(`^-- (Variables)? +${name} +\\S`, 'm'));
    const used = new Set(
      [...text.matchAll(/:'(\w+)'|:\{\?(\w+)\}/g)].map(([, quoted, asked]) => quoted ?? asked ?? ''),
    );
    for (const name of used)
      expect(head, `the head tells of ${name}`).toMatch(new RegExp(`^-- (Variables)? +${name} +\\S`, 'm'));
  });

  test('stops at the first error, is one transaction, and puts no variable into its text unquoted', () => {
    expect(text).toContain('\\set ON_ERROR_STOP on');
    expect(text.match(/^begin( read only)?;/gm)).toHaveLength(1);
    expect(text.match(/^commit;/gm)).toHaveLength(1);
    const sql = text.replace(head, '').replace(/\$\$.*?\$\$/gs, ''); // psql leaves these alone
    expect(sql.match(/(?<![:\w]):(?!['{:])["\w]+/g) ?? []).toEqual([]);
  });

  for (const missing of Object.keys(required))
    test(`without ${missing} it says what is missing, changes nothing, and ends with exit code 3`, async () => {
      const rest = Object.fromEntries(Object.entries(required).filter(([name]) => name !== missing));
      const said = await refused(own.url, script, rest);
      expect(said).toMatch(new RegExp(`ERROR: {2}${missing} is missing\nHINT: {2}call it with -v ${missing}=`));
      expect(await rows(own, 'select from events')).toEqual([]);
    });

  if (!OF_THE_SERVER.has(script))
    test('a hostile value is a value', async () => {
      const stage = new Stage();
      await enqueuedOne(own, plan([stage.step('fast', 'A')], { type: 'issue', id: 1 }));
      const names = new Set([...head.matchAll(/^-- (?:Variables)? +(\w+) {2,}\S/gm)].map(([, name]) => name ?? ''));
      for (const name of names) {
        const { exitCode, stderr } = await psql(own.url, script, { ...required, [name]: HOSTILE });
        expect([0, 3]).toContain(exitCode);
        if (exitCode === 3) expect(stderr).not.toContain('syntax error at or near');
      }
      expect(await rows(own, 'select from pipelines')).toHaveLength(1);
      expect(await brokenInvariants(own)).toEqual({});
    });
});
