/** Roles and privileges (newspapers spec 1.9 and 11.3 "Roles"). */
import { describe, expect, test } from 'vitest';
import { defineAction } from '../../src/engine/action.js';
import { createRegistry } from '../../src/engine/registry.js';
import { ASSIGN_WORK, defineRole, MODIFY_USERS, OPERATE_PIPELINES, Roles } from '../../src/engine/roles.js';
import * as newspapers from '../../src/newspapers/roles.js';

const roles = new Roles(newspapers.newspaperRoles);
const privileges = [
  ...new Set(newspapers.newspaperRoles.flatMap((role) => role.privileges)),
  newspapers.CHANGE_VALIDATED_LCCN,
  OPERATE_PIPELINES,
];

describe('the roles of newspapers', () => {
  test('are those of the spec: sysop, site manager, then by name', () => {
    expect(roles.names).toEqual([
      'sysop',
      'site manager',
      'batch builder',
      'batch loader',
      'batch reviewer',
      'issue curator',
      'issue manager',
      'issue reviewer',
      'marc org code manager',
      'title manager',
      'user manager',
      'workflow manager',
    ]);
  });

  test('each may something, the sysop everything', () => {
    for (const privilege of privileges) expect(roles.give(['sysop'], privilege)).toBe(true);
    for (const name of roles.names) expect(privileges.filter((each) => roles.give([name], each))).not.toEqual([]);
    expect(roles.give([], newspapers.MODIFY_TITLES)).toBe(false);
  });

  test('the site manager may all but what is the sysop’s alone', () => {
    const not = privileges.filter((privilege) => !roles.give(['site manager'], privilege));
    expect(not.sort()).toEqual([newspapers.CHANGE_VALIDATED_LCCN, OPERATE_PIPELINES].sort());
  });

  const may: [string, string[]][] = [
    ['title manager', ['modify titles']],
    ['issue curator', ['enter metadata', 'review pages', 'see the workflow']],
    ['issue reviewer', ['review metadata', 'review pages', 'see the workflow']],
    [
      'issue manager',
      [
        'assign work',
        'enter metadata',
        'review metadata',
        'review own metadata',
        'review pages',
        'see the workflow',
        'work on unfixable errors',
      ],
    ],
    ['user manager', ['list users', 'modify users']],
    ['marc org code manager', ['modify organisations']],
    ['workflow manager', ['queue uploads', 'review pages', 'see the workflow', 'see uploads']],
    ['batch builder', ['build batches']],
    ['batch reviewer', ['approve, reject or flag batches', 'see batches']],
    ['batch loader', ['flag batches as archived', 'see batches']],
  ];
  test.each(may)('%s may %j and nothing else', (name, allowed) => {
    expect(privileges.filter((privilege) => roles.give([name], privilege)).sort()).toEqual(allowed.sort());
  });

  test('are stored sorted, none twice; what another has anyway is swallowed', () => {
    const three = ['user manager', 'title manager', 'marc org code manager', 'title manager'];
    expect(roles.stored(three)).toEqual(['marc org code manager', 'title manager', 'user manager']);
    expect(roles.stored(['title manager', 'site manager', 'issue curator'])).toEqual(['site manager']);
    expect(roles.stored(['site manager', 'sysop', 'title manager'])).toEqual(['sysop']);
    expect(roles.stored(roles.stored(three))).toEqual(roles.stored(three));
  });

  test('having one: by itself, or by one that includes it', () => {
    expect(roles.has(['site manager'], 'user manager')).toBe(true);
    expect(roles.has(['site manager'], 'sysop')).toBe(false);
    expect(roles.has(['sysop'], 'site manager')).toBe(true);
    expect(roles.has(['issue manager'], 'issue curator')).toBe(false); // its privileges, not the role
  });

  test('who gives a privilege', () => {
    expect(roles.givers(MODIFY_USERS)).toEqual(['user manager']);
    expect(roles.givers(ASSIGN_WORK)).toEqual(['issue manager']);
    expect(roles.givers(OPERATE_PIPELINES)).toEqual([]);
  });
});

describe('at the start it is refused', () => {
  const role = (name: string, more = {}) => defineRole({ name, summary: name, privileges: ['dig'], ...more });
  const action = defineAction({ name: 'hole', title: 'dig', verbs: {}, privilege: 'dig' });

  test('that two roles share a name, or two have everything', () => {
    expect(() => new Roles([role('a'), role('a')])).toThrow('role a is defined twice');
    expect(() => new Roles([role('a', { has: 'everything' }), role('b', { has: 'everything' })])).toThrow(
      /only one role/,
    );
  });

  test('that two actions share a name, also with the engine’s own', () => {
    expect(() => createRegistry({ jobs: [], actions: [action, { ...action }] })).toThrow(
      'action hole is defined twice',
    );
    expect(() => createRegistry({ jobs: [], actions: [{ ...action, name: 'runner_died' }] })).toThrow(/defined twice/);
  });

  test('that an action asks for what no role may', () => {
    const make = (more: object) =>
      createRegistry({ jobs: [], roles: [role('digger')], actions: [{ ...action, ...more }] });
    expect(() => make({})).not.toThrow();
    expect(() => make({ privilege: 'digg' })).toThrow('action hole asks for the privilege "digg", which no role gives');
    expect(() => make({ verbPrivileges: { fill: 'fil' } })).toThrow(/"fil"/);
    expect(() => make({ fourEyes: { notBy: () => Promise.resolve([]), unless: 'own' } })).toThrow(/"own"/);
  });
});
