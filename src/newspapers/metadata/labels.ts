/** The labels of an issue's pages: their numbers as printed (newspapers spec 9, W20). */

/** As it is printed; empty or "0": nothing is printed; null: nobody has looked yet. */
export type Label = string | null;

/** What NCA and people write for "no label printed". */
export const NONE_PRINTED = '0';

/** Whether somebody looked and found none. */
export const isNone = (label: Label): boolean => label === '' || label === NONE_PRINTED;

/**
 * Reads labels that are typed in one line, separated by commas; those with commas of their own are written as a JSON list.
 *
 * @returns undefined for what begins like a JSON list of texts but is none
 * @example parseLabels('1,2,,4') // ['1', '2', '', '4']
 * @example parseLabels('["1", "A,1"]') // ['1', 'A,1']
 */
export function parseLabels(line: string): unknown[] | undefined {
  if (!/^\s*\[\s*("|null\b|\])/.test(line)) return line.split(',').map((label) => label.trim());
  try {
    const list: unknown = JSON.parse(line);
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What is wrong with the labels of an issue of so many pages, in words; undefined: nothing. An empty one says "none is
 * printed" only beside others: who leaves all of them empty has not looked (W20).
 */
export function checkLabels(labels: readonly Label[], pages: number): string | undefined {
  const given = labels.filter((label) => label !== null).length;
  if (given === 0) return `no page has a label yet: give ${pages}, separated by commas, 0 for a page without one`;
  if (labels.length < pages) return `${labels.length} of ${pages} pages have a label: give one for each, 0 for none`;
  if (labels.length > pages) return `there are ${labels.length} labels, but only ${pages} pages`;
  if (given < pages) return `page ${labels.indexOf(null) + 1} has no label yet: give it, 0 if none is printed`;
  if (labels.every((label) => label === ''))
    return `all labels are empty: if no page has one printed, say so with 0 for each`;
  return undefined;
}
