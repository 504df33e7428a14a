/**
 * A span for each run of a job, for OpenTelemetry. Without an SDK, which the administrator loads (`NODE_OPTIONS=--import ...`), the API
 * does nothing: about 2 µs a run.
 */
import { SpanStatusCode, trace } from '@opentelemetry/api';
import type { ClaimedJob } from '../statements/claim.js';
import { messageOf, type Ending } from './execute.js';

const tracer = trace.getTracer('pressmark');

/** Runs a job inside a span that bears its type; what it calls (database, HTTP) becomes part of it. */
export function traced(job: ClaimedJob, run: () => Promise<Ending>): Promise<Ending> {
  const attributes = {
    'pressmark.pipeline.id': job.pipelineId,
    'pressmark.pipeline': job.pipeline,
    'pressmark.sequence': job.sequence,
    'pressmark.attempt': job.attempt,
    'pressmark.queue': job.queue,
    ...(job.objectType !== null && { 'pressmark.object': `${job.objectType} ${job.objectId ?? ''}` }),
  };
  return tracer.startActiveSpan(job.type, { attributes }, async (span) => {
    const ending = await run(); // never throws
    span.setAttribute('pressmark.end', ending.kind === 'outcome' ? ending.outcome.kind : ending.kind);
    if (ending.kind === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(ending.error) });
    span.end();
    return ending;
  });
}
