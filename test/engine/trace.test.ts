/** Spans of runs, by a tracer of the test in the place of an SDK. */
import { context, trace, type Attributes, type Span, type SpanStatus, type Tracer } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import { FatalError } from '../../src/engine/job.js';
import { plan, Stage } from './stage.js';
import { enqueuedOne, startRunner, until, untilStatus, useDatabase } from './support.js';

const own = useDatabase();

test('each run is a span that says which job of what it was, and how it ended', async () => {
  const ended: { name: string; attributes: Attributes; status?: SpanStatus }[] = [];
  const startSpan: Tracer['startSpan'] = (name, options) => {
    const one: (typeof ended)[number] = {
      name,
      attributes: { ...options?.attributes },
    };
    const span: Partial<Span> = {
      setAttribute(key, value) {
        Object.assign(one.attributes, { [key]: value });
        return span as Span;
      },
      setStatus(status) {
        Object.assign(one, { status });
        return span as Span;
      },
      end: () => void ended.push(one),
    };
    return span as Span; // as much of one as is used
  };
  const startActiveSpan = (name: string, options: object, work: (span: Span) => unknown) =>
    work(startSpan(name, options, context.active()));
  const tracer = { startSpan, startActiveSpan } as Tracer;
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  onTestFinished(() => trace.disable());

  const stage = new Stage();
  stage.on('B', () => Promise.reject(new FatalError('never')));
  const id = await enqueuedOne(
    own,
    plan([stage.step('io', 'A'), stage.step('fast', 'B')], {
      type: 'issue',
      id: 7,
    }),
  );
  await startRunner(own, { stage });
  await untilStatus(own, id, 'failed');
  await until('both have ended', () => ended.length === 2);
  expect(ended[0]).toMatchObject({
    name: 'io_step',
    attributes: {
      'pressmark.pipeline.id': id,
      'pressmark.sequence': 10,
      'pressmark.object': 'issue 7',
      'pressmark.end': 'done',
    },
  });
  expect(ended[1]).toMatchObject({
    name: 'fast_step',
    attributes: { 'pressmark.end': 'failed' },
    status: { code: 2, message: 'never' },
  });
});
