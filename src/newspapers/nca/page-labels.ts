/** NCA's list of page labels, one text per issue (newspapers spec 1.4, W20). */
import { isNone, NONE_PRINTED } from '../metadata/labels.js';
import type { Page } from '../pages.js';

/** U+241F, the picture of the unit separator. */
const SEPARATOR = '\u241f';

/**
 * The pages that a list of labels speaks of.
 *
 * @param list "␟" between the labels; one empty label and no labels at all are the same empty text
 * @param hasPages whether the issue has come so far that its pages were counted: then an empty text is one page
 * @param isEntered whether somebody has submitted the labels: then an empty one beside others says "none is printed", which
 *   NCA takes for that (spec 9); all of them empty say nothing
 */
export function readPageLabels(list: string, hasPages: boolean, isEntered: boolean): Page[] {
  if (list === '' && !hasPages) return [];
  const labels = list.split(SEPARATOR).map((text) => text.trim());
  const emptyIsNone = isEntered && labels.some((label) => label !== '');
  return labels.map((label, index) => ({
    number: index + 1,
    label: isNone(label) ? null : label,
    noLabel: label === NONE_PRINTED || (label === '' && emptyIsNone),
  }));
}
