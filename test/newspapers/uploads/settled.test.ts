import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkSettled } from '../../../src/newspapers/uploads/settled.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { givenFiles } from '../upload-area.js';

const MODIFIED = new Date('2026-01-01T00:00:00Z');
const hoursLater = (hours: number) => new Date(MODIFIED.getTime() + hours * 3_600_000);

let area: string;
beforeEach(async () => {
  area = await temporaryDirectory();
  await givenFiles(area, '1.pdf', '2.pdf');
  for (const path of ['1.pdf', '2.pdf', '.']) await utimes(join(area, path), MODIFIED, MODIFIED);
});

const HOURS_48 = 48 * 3600;

describe('an upload that grows (newspapers spec 5.4 row 15)', () => {
  it('is left alone until it has been quiet for long enough', async () => {
    expect(await checkSettled(area, HOURS_48, hoursLater(47.9))).toEqual({
      rule: 'modified too recently',
      message: 'modified too recently; must be left alone 48 hours, until 2026-01-03T00:00:00.000Z',
    });
    expect(await checkSettled(area, HOURS_48, hoursLater(48))).toBeUndefined();
  });

  it.each(['2.pdf', '.'])('counts from the newest of its files and itself: %s', async (path) => {
    await utimes(join(area, path), hoursLater(10), hoursLater(10));
    expect(await checkSettled(area, HOURS_48, hoursLater(50))).toMatchObject({ rule: 'modified too recently' });
    expect(await checkSettled(area, HOURS_48, hoursLater(58))).toBeUndefined();
  });

  it('is told in minutes where it is less than two hours', async () => {
    expect(await checkSettled(area, 5400, hoursLater(1))).toMatchObject({
      message: expect.stringContaining('left alone 90 minutes, until') as string,
    });
  });

  it('is not asked about when the setting is 0', async () => {
    expect(await checkSettled(area, 0, MODIFIED)).toBeUndefined();
  });

  it('is one that goes away under our eyes', async () => {
    await rm(area, { recursive: true });
    expect(await checkSettled(area, HOURS_48, hoursLater(99))).toMatchObject({ rule: 'modified too recently' });
  });
});
