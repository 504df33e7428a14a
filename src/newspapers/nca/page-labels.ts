/** NCA's list of page labels, one text per issue (newspapers spec 1.4, W20). */
import type { Page } from '../pages.js';

/** U+241F, the picture of the unit separator. */
const SEPARATOR = '\u241f';

/** NCA's word for "somebody looked, and nothing is printed". */
const NO_LABEL = '0';

/**
 * The pages that a list of labels speaks of.
 *
 * @param list "␟" between the labels; one empty label and no labels at all are the same empty text
 * @param hasPages whether the issue has come so far that its pages were counted: then an empty text is one page
 */
export function readPageLabels(list: string, hasPages: boolean): Page[] {
  if (list === '' && !hasPages) return [];
  return list.split(SEPARATOR).map((text, index) => {
    const label = text.trim();
    return { number: index + 1, label: label === '' || label === NO_LABEL ? null : label, noLabel: label === NO_LABEL };
  });
}
