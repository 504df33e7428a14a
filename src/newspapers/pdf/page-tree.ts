/** The pages of a PDF in their order, with what they inherit (ISO 32000-1, 7.7.3). */
import { NotPlain, TooMuch, type Dictionary, type Value } from './objects.js';
import type { PlainPdf } from './plain-pdf.js';

const MOST_PAGES = 100_000;
/** Tables within tables: most have four, odd programs chain one for each page. */
const MOST_DEEP = 1000;
/** With the tables: those that hold each other ten times, and no page, have no end. */
const MOST_NODES = 300_000;

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
  const none: Inherited = { resources: undefined, mediaBox: undefined, cropBox: undefined };
  for (const node of below(pdf, pages, none, new Set(), { nodes: 0 })) {
    if (++count > MOST_PAGES) throw new TooMuch(`it has more than ${MOST_PAGES} pages`);
    yield node;
  }
}

function* below(
  pdf: PlainPdf,
  node: Dictionary,
  inherited: Inherited,
  above: ReadonlySet<Dictionary>,
  seen: { nodes: number },
): Generator<PageNode> {
  if (above.has(node)) throw new NotPlain('its table of pages goes round in a circle');
  if (++seen.nodes > MOST_NODES || above.size > MOST_DEEP) throw new TooMuch('its table of pages was made to harm');
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
    yield* below(pdf, child, own, path, seen);
  }
}
