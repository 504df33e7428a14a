const SECONDS = { s: 1, min: 60, h: 3600, d: 86_400 } as const;

/** A span of time as code writes it: "30 s", "5 min", "24 h", "28 d". */
export type Duration = `${number} ${keyof typeof SECONDS}`;

/** Seconds of a duration. */
export function parseDuration(duration: Duration): number {
  const [amount, unit] = duration.split(' ') as [string, keyof typeof SECONDS];
  return Number(amount) * SECONDS[unit];
}
