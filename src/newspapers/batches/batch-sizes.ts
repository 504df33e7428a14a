import type { Settings } from '../../settings.js';

/** How many pages a batch has, from and to. */
export interface BatchSizes {
  min: number;
  max: number;
}

/** No batch can have these sizes. */
export class InvalidBatchSizes extends Error {
  override name = 'InvalidBatchSizes';
}

/**
 * The sizes that count: what was asked for, else the settings. They are checked together, whichever of them was given (W21).
 *
 * @throws InvalidBatchSizes
 */
export function batchSizes(
  asked: { min?: number | undefined; max?: number | undefined },
  settings: Pick<Settings, 'MIN_BATCH_SIZE' | 'MAX_BATCH_SIZE'>,
): BatchSizes {
  const min = asked.min ?? settings.MIN_BATCH_SIZE;
  const max = asked.max ?? settings.MAX_BATCH_SIZE;
  const source = (flag: number | undefined, key: string, option: string) => (flag === undefined ? key : option);
  if (min > max)
    throw new InvalidBatchSizes(
      `a batch of at least ${min} pages (${source(asked.min, 'MIN_BATCH_SIZE', '--min-batch-size')}) and at most ${max} ` +
        `(${source(asked.max, 'MAX_BATCH_SIZE', '--max-batch-size')}) cannot be: give both options, the first not above the second`,
    );
  return { min, max };
}
