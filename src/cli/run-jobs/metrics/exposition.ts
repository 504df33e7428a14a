/**
 * Prometheus' text format (0.0.4), the little of it that we need: the libraries that write it bring their own registries, timers
 * and dependencies for what is a page of text.
 */

export interface Sample {
  value: number;
  labels?: Readonly<Record<string, string>>;
  /** Of histograms: `_bucket`, `_sum`, `_count`. */
  suffix?: string;
}

/** Figures of one name. */
export interface Family {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  samples: readonly Sample[];
}

/** A family of gauges. */
export const gauge = (name: string, help: string, ...samples: readonly Sample[]): Family => ({
  name,
  type: 'gauge',
  help,
  samples,
});

/** A family of counters; their names end in `_total`. */
export const counter = (name: string, help: string, ...samples: readonly Sample[]): Family => ({
  name,
  type: 'counter',
  help,
  samples,
});

/** The page. Families without a sample are left out. */
export const exposition = (families: readonly Family[]): string =>
  families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, type, help, samples }) =>
      [
        `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(
          ({ suffix = '', labels = {}, value }) => `${name}${suffix}${labelText(labels)} ${number(value)}`,
        ),
        '',
      ].join('\n'),
    )
    .join('');

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** The format's words for what is no plain number. */
const number = (value: number): string =>
  value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : Number.isNaN(value) ? 'NaN' : String(value);
