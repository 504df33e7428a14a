/** What ONI agents answer: one JSON object, read by schema (newspapers spec 8.3, 8.4). */
import { z } from 'zod';
import { parseStorableJson } from '../../engine/storable.js';

export const JOB_STATUSES = ['pending', 'started', "couldn't start", 'successful', 'failed'] as const;

/** Go writes an empty list as null. */
const lines = z
  .array(z.string())
  .nullish()
  .transform((all) => all ?? []);

/** A job of the agent as `list-jobs` and `job-status` tell it. */
const job = z.object({
  id: z.number().int(),
  name: z.string().default(''),
  /** When it was queued, in the agent's own words. */
  queued: z.string().default(''),
  status: z.enum(JOB_STATUSES),
  error: z.string().nullish(),
});
export type AgentJob = z.output<typeof job>;

export const versionReply = z.object({ version: z.string() });
export const messageReply = z.object({ message: z.string().default('') });
export const jobIdReply = z.object({
  message: z.string().default(''),
  job: z.object({ id: z.union([z.literal(-1), z.number().int().positive()]) }),
});
export const jobReply = z.object({ job });
export const jobsReply = z.object({
  jobs: z
    .array(job)
    .nullish()
    .transform((all) => all ?? []),
});
export const logsReply = z.object({ job: z.object({ stdout: lines, stderr: lines }) });

const outcome = z.object({ status: z.string(), message: z.string().nullish(), error: z.string().nullish() });

export type Reply<T> =
  { said: 'success'; value: T } | { said: 'error'; message: string } | { said: 'rubbish'; reason: string };

/** Reads an answer. */
export function parseReply<T>(text: string, schema: z.ZodType<T>): Reply<T> {
  let json: unknown;
  try {
    json = parseStorableJson(text);
  } catch {
    return { said: 'rubbish', reason: `no JSON: ${JSON.stringify(text.slice(0, 100))}` };
  }
  const ended = outcome.safeParse(json);
  if (!ended.success) return { said: 'rubbish', reason: problems(ended.error) };
  const { status, message, error } = ended.data;
  if (status === 'error')
    return { said: 'error', message: [message, error].filter(Boolean).join(': ') || 'no reason given' };
  if (status !== 'success') return { said: 'rubbish', reason: `its status is ${JSON.stringify(status)}` };
  const value = schema.safeParse(json);
  return value.success ? { said: 'success', value: value.data } : { said: 'rubbish', reason: problems(value.error) };
}

const problems = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join('.') || 'all of it'}: ${message}`).join(', ');
