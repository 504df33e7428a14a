import { storableJson, storableText } from '../storable.js';

/** One line of a job's log as `job_logs` keeps it. */
export interface JobLogLine {
  pipeline: number;
  job: number;
  attempt: number;
  /** Milliseconds since 1970. */
  at: number;
  level: string;
  message: string;
  fields: string;
}

const LEVELS: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
/** What the logger of a job says on every line, or what has a column: not stored again with each line. */
const KNOWN = ['pipeline', 'job', 'attempt', 'time', 'level', 'msg', 'runner', 'type', 'object', 'pid', 'hostname'];
const FIRST = new Map(KNOWN.map((key) => [key, new RegExp(`[{,]"${key}":(\\d+|"(?:[^"\\\\]|\\\\.)*")`)]));

/**
 * A line of pino's as a line of a job; undefined when no job wrote it. A job may log a field that is called like one of the
 * engine's (`{ pipeline: 'TakeInUpload' }`): pino then writes the key twice, the engine's first. Which job it was says the
 * first, the other is a field like any other.
 */
export function parseJobLine(json: string): JobLogLine | undefined {
  if (!json.includes('"attempt":')) return undefined; // cheap: only jobs' lines are parsed
  const first = (key: string): unknown => {
    const text = FIRST.get(key)?.exec(json)?.[1];
    return text === undefined ? undefined : JSON.parse(text);
  };
  const [pipeline, job, attempt, level, time] = ['pipeline', 'job', 'attempt', 'level', 'time'].map(first);
  if (typeof pipeline !== 'number' || typeof job !== 'number' || typeof attempt !== 'number') return undefined;
  const line = JSON.parse(json) as Record<string, unknown>; // pino wrote it
  const own = (key: string) =>
    KNOWN.includes(key) && (key === 'msg' ? typeof line['msg'] === 'string' : line[key] === first(key));
  return {
    pipeline,
    job,
    attempt,
    at: (typeof time === 'string' ? Date.parse(time) : Number(time)) || Date.now(),
    level: LEVELS[Number(level)] ?? 'info',
    message: typeof line['msg'] === 'string' ? storableText(line['msg']) : '',
    fields: storableJson(Object.fromEntries(Object.entries(line).filter(([key]) => !own(key)))),
  };
}
