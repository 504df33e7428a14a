/** The value that as many lie below as above. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Nearest-rank percentile. @param share 0.99 for p99 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
