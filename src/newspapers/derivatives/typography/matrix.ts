/** The six numbers of a PDF's transformation matrix (ISO 32000-1, 8.3.3). */
export type Matrix = readonly [number, number, number, number, number, number];

export const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];

/** First `first`, then `then`. */
export function times(first: Matrix, then: Matrix): Matrix {
  const [a, b, c, d, e, f] = first;
  const [A, B, C, D, E, F] = then;
  return [a * A + b * C, a * B + b * D, c * A + d * C, c * B + d * D, e * A + f * C + E, e * B + f * D + F];
}

/** Moves by (x, y) before everything else. */
export function moved(matrix: Matrix, x: number, y: number): Matrix {
  const [a, b, c, d, e, f] = matrix;
  return [a, b, c, d, x * a + y * c + e, x * b + y * d + f];
}

/** Six numbers, or nothing that could be a matrix. */
export function toMatrix(numbers: readonly unknown[]): Matrix | undefined {
  const [a, b, c, d, e, f] = numbers;
  const all = [a, b, c, d, e, f];
  return all.every((each) => typeof each === 'number' && Number.isFinite(each))
    ? (all as unknown as Matrix)
    : undefined; // six numbers
}
