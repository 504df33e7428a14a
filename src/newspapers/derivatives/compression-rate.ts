/**
 * How much smaller than its raster a JP2 is to be, from the setting QUALITY (newspapers 6.2): `(115 - QUALITY)² / 100`,
 * rounded down to an eighth. 62.5 gives 27.5, 40 gives 56.25, 100 gives 2.25; 1 is lossless.
 */
export function compressionRate(quality: number): number {
  return toEighth((115 - quality) ** 2 / 100);
}

/**
 * The rate for a grey picture that came in three equal channels.
 *
 * NCA renders every PDF page in 24 bits, so its QUALITY speaks of a third as many bytes for 8 bits. Stored as 8-bit grey
 * with the rate of a colour page a page would lose some 5 dB; at a third of the rate the file has the same number of
 * bytes as NCA's and all of them go into what can be seen (measured: 33.3 against 24.6 dB on a page of 1856).
 */
export function greyRate(rate: number): number {
  return toEighth(rate / 3);
}

function toEighth(rate: number): number {
  return Math.max(1, Math.floor(rate * 8) / 8);
}
