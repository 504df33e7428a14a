/** The alerts of bin/prometheus speak of figures that the daemon tells, and of commands that exist. promtool's own tests: alerts.promtool.yml. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const rules = readFileSync('bin/prometheus/alerts.yml', 'utf8').split(/^ {6}- alert: /m).slice(1); // prettier-ignore
const METRICS = 'src/cli/run-jobs/metrics/';
const sources = readdirSync(METRICS).map((name) => readFileSync(METRICS + name, 'utf8'));
/** Names as the code of the figures writes them. */
const told = new Set(sources.flatMap((source) => [...source.matchAll(/'((?:pressmark|process)_\w+)'/g)].map(([, name]) => name))); // prettier-ignore
const nameOf = (rule: string) => rule.slice(0, rule.indexOf('\n')).trim();

test('every figure of an alert is one that the daemon tells', () => {
  expect(told.size).toBeGreaterThan(25);
  for (const rule of rules) {
    const expression = /expr:([\s\S]*?)\n {8}(?:for|labels|annotations):/.exec(rule)?.[1] ?? '';
    const asked = [...expression.matchAll(/\b(?:pressmark|process)_\w+/g)].map(([name]) => name);
    expect([nameOf(rule), asked.filter((name) => !told.has(name))]).toEqual([nameOf(rule), []]);
    expect(asked.length + Number(/\b(up|node_systemd_unit_state)\{/.test(expression))).toBeGreaterThan(0);
  }
});

test('every alert has a name of its own, a summary, and a remedy that names a command', () => {
  expect(rules.length).toBeGreaterThan(15);
  expect(new Set(rules.map(nameOf)).size).toBe(rules.length);
  for (const rule of rules) {
    expect(rule).toMatch(/^ {10}summary: .{15,}$/m);
    const remedy = /^ {10}remedy:\s+(.{15,})$/m.exec(rule)?.[1] ?? '';
    expect([nameOf(rule), remedy]).toEqual([nameOf(rule), expect.stringMatching(/bin\/|systemctl|journalctl|psql|redis-cli|findmnt/)]); // prettier-ignore
    for (const [program] of remedy.matchAll(/bin\/[a-z-]+/g)) expect([program, existsSync(program)]).toEqual([program, true]); // prettier-ignore
  }
});

test('docs/monitoring.md explains every figure', () => {
  const page = readFileSync('docs/monitoring.md', 'utf8');
  expect([...told].filter((name) => !page.includes(`\`${name ?? ''}`))).toEqual([]);
});
