/** Does the same for many things, some at once. */
import pLimit from 'p-limit';

/**
 * Calls `work` for every item, at most `width` at a time. The first failure aborts the others; it is thrown when all
 * of them have ended, so that nothing works on behind the caller's back.
 *
 * @returns the results in the order of the items
 */
export async function atOnce<T, R>(
  width: number,
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const limit = pLimit(width);
  const results: R[] = [];
  await Promise.allSettled(
    items.map((item, index) =>
      limit(async () => {
        if (either.aborted) return;
        results[index] = await work(item, either).catch((error: unknown) => {
          stop.abort(error); // the first one's error is the reason from then on
          throw error;
        });
      }),
    ),
  );
  either.throwIfAborted();
  return results;
}
