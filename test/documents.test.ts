/** What the README and the pages beside it lead to is there: links, programs, SQL helpers, tests that show a promise. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const pages = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))].filter((path) =>
  path.endsWith('.md'),
);

describe.each(pages)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  test('its links lead somewhere', () => {
    const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target);
    const local = targets.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !existsSync(join(dirname(page), target)))).toEqual([]);
  });

  test('the files it names are there', () => {
    const named = [...text.matchAll(/\b(?:bin|test|src|docs)\/[\w./-]*\w/g)].map(([path]) => path);
    expect([...new Set(named)].filter((path) => !existsSync(path))).toEqual([]);
  });
});

test('most promises of the README have the test beside them that shows them', () => {
  expect([...readFileSync('README.md', 'utf8').matchAll(/\[✓\]\(test\/[\w./-]+\.test\.ts\)/g)].length).toBeGreaterThan(
    60,
  );
});
