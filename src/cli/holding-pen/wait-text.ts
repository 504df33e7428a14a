const DAY = 86_400;

/** How long something has waited or will, roughly, for people (newspapers spec 11.3, "Wait text"). @example waitText(45 * 86_400) // 'about 6 weeks' */
export function waitText(seconds: number): string {
  if (seconds < 3600) return 'a few minutes';
  if (seconds < DAY) return about(seconds / 3600, 'hour', 'an');
  const days = seconds / DAY;
  if (days < 30) return about(days, 'day');
  if (days < 38) return 'about a month';
  if (days < 60) return about(days / 7, 'week');
  if (days < 365) return about(days / 30.44, 'month');
  return about(days / 365.25, 'year');
}

function about(amount: number, unit: string, article = 'a'): string {
  const whole = Math.max(1, Math.round(amount));
  return whole === 1 ? `about ${article} ${unit}` : `about ${whole} ${unit}s`;
}
