/** A strict reader of Prometheus' text format: what promtool refuses, it refuses. */

export interface ReadFamily {
  type: string;
  help: string;
  samples: Map<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|\\+Inf|NaN)$`);

/**
 * Reads a page into families by name; samples by their name and labels as written, e.g. `pressmark_held{action="page_review"}`.
 *
 * @throws Error naming the line that breaks the format or the conventions: a sample without HELP and TYPE before it, a counter that is not
 * called `_total`, a label or a sample twice, a histogram without its +Inf, its sum, its count, or with falling buckets
 */
export function readPrometheusText(page: string): Map<string, ReadFamily> {
  if (!page.endsWith('\n')) throw new Error('the page must end with a line feed');
  const families = new Map<string, ReadFamily>();
  let name = '';
  for (const line of page.slice(0, -1).split('\n')) {
    const refuse = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const help = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line);
    const type = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`).exec(line);
    if (help) {
      name = help[1] ?? '';
      if (families.has(name)) refuse('a family twice');
      families.set(name, { type: '', help: help[2] ?? '', samples: new Map() });
    } else if (type) {
      const family = families.get(name);
      if (type[1] !== name || !family || family.type) refuse('TYPE out of place');
      else family.type = type[2] ?? '';
      if (type[2] === 'counter' && !name.endsWith('_total')) refuse('a counter that is not called _total');
    } else {
      const sample = SAMPLE.exec(line);
      const family = families.get(name);
      if (!sample || !family?.type) throw new Error(`no sample of the format, or before its TYPE: ${line}`);
      const [, of = '', labels = '', value = ''] = [sample[0], sample[1], sample[2], sample.at(-1)];
      if (family.type === 'histogram' ? !new RegExp(`^${name}_(bucket|sum|count)$`).test(of) : of !== name)
        refuse('not of this family');
      const names = [...labels.matchAll(new RegExp(LABEL, 'g'))].map(([, label]) => label);
      if (new Set(names).size < names.length) refuse('a label twice');
      const key = labels === '' ? of : `${of}{${labels}}`;
      if (family.samples.has(key)) refuse('a sample twice');
      family.samples.set(key, value === '+Inf' ? Infinity : Number(value));
    }
  }
  for (const [of, family] of families) if (family.type === 'histogram') checkHistogram(of, family.samples);
  return families;
}

function checkHistogram(name: string, samples: Map<string, number>): void {
  const series = new Map<string, number[]>();
  for (const [key, value] of samples) {
    const of = /_bucket\{(.*),le="[^"]+"\}$/.exec(key)?.[1];
    if (of !== undefined) series.set(of, [...(series.get(of) ?? []), value]);
  }
  for (const [labels, buckets] of series) {
    if (buckets.some((value, index) => value < (buckets[index - 1] ?? 0))) throw new Error(`${name}: falling buckets`);
    const last = samples.get(`${name}_bucket{${labels},le="+Inf"}`);
    if (last === undefined || last !== samples.get(`${name}_count{${labels}}`))
      throw new Error(`${name}: +Inf is not the count`);
    if (samples.get(`${name}_sum{${labels}}`) === undefined) throw new Error(`${name}: no sum`);
  }
}
