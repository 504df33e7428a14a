/** What agents may answer, and how they are asked: any bytes (newspapers spec 8.3, 8.4). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { quoteCommand, splitCommand } from '../../../src/newspapers/oni/command-line.js';
import { isAbout, isAboutAnother } from '../../../src/newspapers/oni/agent-requests.js';
import { JOB_STATUSES, jobIdReply, jobReply, jobsReply, logsReply, messageReply, parseReply, versionReply } from '../../../src/newspapers/oni/replies.js'; // prettier-ignore
import { rows, useDatabase } from '../../engine/support.js';
import { anyText, runs, spoilt } from '../../support/odd-text.js';

const own = useDatabase();
const SCHEMAS: readonly z.ZodType[] = [versionReply, messageReply, jobIdReply, jobReply, jobsReply, logsReply];

const job = fc.record(
  { id: fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double()), name: anyText, queued: anyText, status: fc.constantFrom(...JOB_STATUSES, 'gone'), error: fc.option(anyText), stdout: fc.option(fc.array(anyText)), stderr: fc.option(fc.array(anyText)) }, // prettier-ignore
  { requiredKeys: [] },
);
const replies = fc
  .record(
    {
      status: fc.constantFrom('success', 'error', 'odd'),
      version: anyText,
      message: fc.option(anyText),
      error: fc.option(anyText),
      job,
      jobs: fc.option(fc.array(job, { maxLength: 3 })),
    },
    { requiredKeys: ['status'] },
  ) // prettier-ignore
  .map((reply) => JSON.stringify(reply));

test('any text is an answer, a refusal with its reason, or rubbish with why; nothing is thrown', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.json(), replies, spoilt(replies)), fc.constantFrom(...SCHEMAS), (text, schema) => {
      const reply = parseReply(text, schema);
      if (reply.said === 'rubbish') expect(reply.reason).not.toBe('');
      if (reply.said === 'error') expect(reply.message).not.toBe('');
      if (reply.said === 'success') expect(JSON.parse(text)).toMatchObject({ status: 'success' });
    }),
    runs(600),
  );
});

test('what an agent says can be kept: PostgreSQL takes every text of every answer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(job, { minLength: 10, maxLength: 20 }), async (all) => {
      for (const reply of [
        parseReply(
          JSON.stringify({
            status: 'success',
            jobs: all.map((each) => ({ name: '', ...each, id: 1, status: 'pending' })),
          }),
          jobsReply,
        ),
      ]) {
        // prettier-ignore
        if (reply.said !== 'success') throw new Error('all of them are whole');
        const names = reply.value.jobs.map(({ name }) => name);
        const [kept] = await rows<{ names: string[]; json: unknown }>(
          own,
          'select $1::text[] as names, $2::jsonb as json',
          [names, JSON.stringify(reply.value.jobs)],
        );
        expect(kept?.names).toEqual(names);
        expect(kept?.json).toEqual(JSON.parse(JSON.stringify(reply.value.jobs)));
      }
    }),
    runs(10),
  );
});

test('a name with a NUL and half a surrogate pair is a name without', () => {
  const text = String.raw`{"status":"success","jobs":[{"id":1,"name":"a\u0000b\ud800","status":"pending"}]}`;
  expect(parseReply(text, jobsReply)).toMatchObject({ said: 'success', value: { jobs: [{ name: 'ab\ufffd' }] } });
});

test('the agent reads a command as it was meant, whatever is in its words', () => {
  fc.assert(
    fc.property(fc.array(anyText, { minLength: 1, maxLength: 5 }), (words) => {
      expect(splitCommand(quoteCommand(words))).toEqual(words);
    }),
    runs(500),
  );
  fc.assert(
    fc.property(anyText, (line) => {
      expect(splitCommand(quoteCommand(splitCommand(line)))).toEqual(splitCommand(line));
    }),
    runs(300),
  );
});

test('a job about one batch is not taken for one about another', () => {
  const names = fc.tuple(fc.constantFrom('oru', 'mwa'), fc.constantFrom('20260101A', '20260101AB', '20260101A_ver01'), fc.constantFrom('01', '02', '011')).map(([org, name, version]) => `batch_${org}_${name}_ver${version}`); // prettier-ignore
  const forms = fc.constantFrom(
    'load-batch %',
    'Loading batch %',
    'purge %',
    'Load %, after a purge',
    '%',
    '"%" (load)',
    'reload of %',
  );
  fc.assert(
    fc.property(names, names, forms, (fullName, other, form) => {
      const batch = { fullName } as Parameters<typeof isAbout>[1]; // its name is all that is looked at
      const name = form.replace('%', other);
      for (const action of ['load', 'purge'] as const)
        if (isAbout({ name }, batch, action)) expect(other).toBe(fullName);
      if (other !== fullName) expect(isAboutAnother({ name }, batch)).toBe(true);
      else expect(isAboutAnother({ name }, batch)).toBe(false);
    }),
    runs(300),
  );
});
