/** Nothing was heard in time. What was asked may have been done all the same. */
export class NoAnswer extends Error {
  override name = 'NoAnswer';
}

/**
 * The answer, or an error when it takes longer than that. What was asked goes on; its late answer is dropped.
 *
 * @throws NoAnswer, or what the asked one throws
 */
export function answerWithin<T>(ms: number, asked: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NoAnswer(`no answer within ${ms / 1000} s`)), ms);
    asked.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
