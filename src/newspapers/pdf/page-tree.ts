/** The pages of a PDF in their order, with what they inherit (ISO 32000-1, 7.7.3). */
import { NotPlain, TooMuch, type Dictionary, type Value } from './objects.js';
import type { PlainPdf } from './plain-pdf.js';

const MOST_PAGES = 100_000;

export interface PageNode {
  page: Dictionary;
  resources: Dictionary | undefined;
  mediaBox: Value | undefined;
  cropBox: Value | undefined;
}

type Inherited = Omit<PageNode, 'page'>;

/** @throws {NotPlain} when the table of pages is damaged */
export function* pagesOf(pdf: PlainPdf): Generator<PageNode> {
  const root = pdf.dictionary(pdf.trailer.get('Root'));
  const pages = pdf.dictionary(root?.get('Pages'));
  if (!pages) throw new NotPlain('it has no table of pages');
  let count = 0;
  for (const node of below(pdf, pages, { resources: undefined, mediaBox: undefined, cropBox: undefined }, new Set())) {
    if (++count > MOST_PAGES) throw new TooMuch(`it has more than ${MOST_PAGES} pages`);
    yield node;
  }
}

function* below(
  pdf: PlainPdf,
  node: Dictionary,
  inherited: Inherited,
  above: ReadonlySet<Dictionary>,
): Generator<PageNode> {
  if (above.has(node)) throw new NotPlain('its table of pages goes round in a circle');
  const own: Inherited = {
    resources: pdf.dictionary(node.get('Resources')) ?? inherited.resources,
    mediaBox: node.get('MediaBox') ?? inherited.mediaBox,
    cropBox: node.get('CropBox') ?? inherited.cropBox,
  };
  const kids = pdf.array(node.get('Kids'));
  if (!kids) {
    yield { page: node, ...own };
    return;
  }
  const path = new Set(above).add(node);
  for (const kid of kids) {
    const child = pdf.dictionary(kid);
    if (!child && pdf.lenient) continue; // the page is lost; the table's count tells
    if (!child) throw new NotPlain('its table of pages has a hole');
    yield* below(pdf, child, own, path);
  }
}
