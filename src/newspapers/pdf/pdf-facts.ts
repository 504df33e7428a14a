/** What a PDF holds that the splitting must know beforehand. Runs in a thread. */
import { Stream, type Dictionary, type Value } from './objects.js';
import { pagesOf, type PageNode } from './page-tree.js';
import type { PlainPdf } from './plain-pdf.js';
import { readPlainPdf, type Reading } from './reading.js';
import { vastPictures, type VastPicture } from './vast-pictures.js';

export interface PdfFacts {
  /** Points of what is shown of each page, before it is turned; undefined where the page does not say. */
  pages: ({ width: number; height: number } | undefined)[];
  /** What the table of pages says of itself. */
  declaredPages: number | undefined;
  /** Pages (from 1) whose content is named but not there, or does not unpack. */
  lost: number[];
  /** Pages without content: blank ones, or, in a copy by qpdf, those whose content was not there. */
  empty: number[];
  /** Layers of which some are not shown. */
  hiddenLayers: boolean;
  /** Fields to be filled in; "dynamic": only Adobe's programs can build its pages. */
  form: 'none' | 'fields' | 'dynamic';
  /** A wrapper round other files. */
  portfolio: boolean;
  /** Kinds of what acts by itself or at a click, and where: "JavaScript of the document", "Launch on page 3". */
  active: string[];
  /** Some of it sits on pages, where it stays when pages are split. */
  activePages: boolean;
  /** There are files within it. */
  attachments: boolean;
  /** Pictures that nobody could unpack. */
  vast: (VastPicture & { page: number })[];
}

/** Actions that only lead somewhere (ISO 32000-1, 12.6.4). */
export const HARMLESS_ACTIONS: readonly string[] = ['GoTo', 'GoToR', 'URI', 'Named', 'Thread'];
/** Annotations that play, run or carry something. */
export const ACTIVE_ANNOTATIONS: readonly string[] = ['FileAttachment', 'Sound', 'Movie', 'Screen', 'RichMedia', '3D'];

const MOST_IN_CHAIN = 20;
const MOST_TOLD = 20;

/** For `inThread`. */
export function readPdfFacts({ path, lenient }: { path: string; lenient: boolean }): Reading<PdfFacts> {
  return readPlainPdf(path, lenient, factsOf);
}

function factsOf(pdf: PlainPdf): PdfFacts {
  const root = pdf.dictionary(pdf.trailer.get('Root')) ?? new Map<string, Value>();
  const names = pdf.dictionary(root.get('Names'));
  const active: string[] = [];
  for (const kind of actionsOf(pdf, root)) active.push(`${kind} of the document`);
  if (names?.has('JavaScript')) active.push('JavaScript of the document');
  const facts: PdfFacts = {
    pages: [],
    declaredPages: pdf.number(pdf.dictionary(root.get('Pages'))?.get('Count')),
    lost: [],
    empty: [],
    hiddenLayers: hidesLayers(pdf, root),
    form: formOf(pdf, root),
    portfolio: pdf.dictionary(root.get('Collection')) !== undefined,
    active,
    activePages: false,
    attachments: names?.has('EmbeddedFiles') ?? false,
    vast: [],
  };
  const seen = new Set<Stream>();
  for (const node of pagesOf(pdf)) {
    facts.pages.push(shownSize(pdf, node));
    const number = facts.pages.length;
    if (!node.page.has('Contents')) facts.empty.push(number);
    else if (hasLostContent(pdf, node.page)) facts.lost.push(number);
    facts.vast.push(...vastPictures(pdf, node, seen).map((picture) => ({ ...picture, page: number })));
    const found = activeOnPage(pdf, node.page);
    if (found.length === 0) continue;
    facts.activePages = true;
    if (active.length < MOST_TOLD) active.push(...found.map((kind) => `${kind} on page ${number}`));
  }
  return { ...facts, active: [...new Set(active)] };
}

function activeOnPage(pdf: PlainPdf, page: Dictionary): string[] {
  const found = actionsOf(pdf, page);
  for (const one of pdf.array(page.get('Annots')) ?? []) {
    const annotation = pdf.dictionary(one);
    if (!annotation) continue;
    const subtype = pdf.name(annotation.get('Subtype')) ?? '';
    if (ACTIVE_ANNOTATIONS.includes(subtype)) found.push(subtype);
    found.push(...actionsOf(pdf, annotation));
  }
  return found;
}

/** Kinds of the actions that a catalog, a page or an annotation begins, without the harmless. */
function actionsOf(pdf: PlainPdf, owner: Dictionary): string[] {
  const triggers = [...(pdf.dictionary(owner.get('AA'))?.values() ?? [])];
  return [owner.get('A'), owner.get('OpenAction'), ...triggers].flatMap((action) => chain(pdf, action));
}

function chain(pdf: PlainPdf, first: Value | undefined): string[] {
  const kinds: string[] = [];
  const waiting: (Value | undefined)[] = [first];
  for (let steps = 0; waiting.length > 0 && steps < MOST_IN_CHAIN; steps++) {
    const action = pdf.dictionary(waiting.shift());
    const kind = pdf.name(action?.get('S'));
    if (action === undefined || kind === undefined) continue; // a destination
    if (!HARMLESS_ACTIONS.includes(kind)) kinds.push(kind);
    waiting.push(...pdf.list(action.get('Next')));
  }
  return kinds;
}

function hidesLayers(pdf: PlainPdf, root: Dictionary): boolean {
  const standard = pdf.dictionary(pdf.dictionary(root.get('OCProperties'))?.get('D'));
  if (!standard) return false;
  const isUsed = (key: string) => (pdf.array(standard.get(key))?.length ?? 0) > 0;
  return isUsed('OFF') || isUsed('AS') || pdf.name(standard.get('BaseState')) === 'OFF';
}

function formOf(pdf: PlainPdf, root: Dictionary): PdfFacts['form'] {
  const form = pdf.dictionary(root.get('AcroForm'));
  if (pdf.resolve(root.get('NeedsRendering')) === true && form?.has('XFA')) return 'dynamic';
  return (pdf.array(form?.get('Fields'))?.length ?? 0) > 0 ? 'fields' : 'none';
}

function hasLostContent(pdf: PlainPdf, page: Dictionary): boolean {
  return pdf.list(page.get('Contents')).some((part) => {
    const stream = pdf.resolve(part);
    return !(stream instanceof Stream) || !pdf.unpacks(stream);
  });
}

/** The crop box within the media box, as poppler shows it. */
function shownSize(pdf: PlainPdf, { mediaBox, cropBox }: PageNode): PdfFacts['pages'][number] {
  const media = box(pdf, mediaBox);
  const crop = box(pdf, cropBox) ?? media;
  if (!media || !crop) return undefined;
  const width = Math.min(media.right, crop.right) - Math.max(media.left, crop.left);
  const height = Math.min(media.top, crop.top) - Math.max(media.bottom, crop.bottom);
  return width > 0 && height > 0
    ? { width, height }
    : { width: media.right - media.left, height: media.top - media.bottom };
}

function box(pdf: PlainPdf, value: Value | undefined) {
  const [a, b, c, d] = (pdf.array(value) ?? []).map((one) => pdf.number(one));
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  return { left: Math.min(a, c), right: Math.max(a, c), bottom: Math.min(b, d), top: Math.max(b, d) };
}
