/** Which objects of a PDF must change so that nothing in its pages acts by itself. Works on qpdf's JSON, in a thread. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ACTIVE_ANNOTATIONS, HARMLESS_ACTIONS } from './pdf-facts.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Dict = Record<string, Json>;

export interface CleaningOrder {
  /** Made by `qpdf --json=2 --json-key=qpdf --json-stream-data=none`. */
  json: string;
  /** Where what qpdf's `--update-from-json` is to change comes. */
  changes: string;
  /** What of its catalog survives: the layers, for pages that need them. */
  reduceCatalog: boolean;
}

const OF_ACTIVE_ANNOTATIONS = [
  '/FS',
  '/Sound',
  '/Movie',
  '/RichMediaContent',
  '/RichMediaSettings',
  '/3DD',
  '/3DV',
  '/3DA',
];
const CATALOG_KEPT = ['/Type', '/Pages', '/OCProperties', '/Version', '/Extensions'];
const MOST_IN_CHAIN = 20;

/** For `inThread`. @returns how many objects change */
export function writeCleaning({ json, changes, reduceCatalog }: CleaningOrder): number {
  const read = JSON.parse(readFileSync(json, 'utf8')) as { qpdf: [Dict, Record<string, Json>] }; // qpdf's manual, "JSON"
  const [head, objects] = read.qpdf;
  const cleaner = new Cleaner(objects);
  const changed: Dict = {};
  for (const [key, object] of Object.entries(objects)) {
    const value = asDict(asDict(object)?.['value'] ?? null);
    if (!value) continue; // streams paint; they do not act
    const clean = reduceCatalog && value['/Type'] === '/Catalog' ? reduced(value) : cleaner.cleaned(value);
    if (clean !== value) changed[key] = { value: clean };
  }
  writeFileSync(changes, JSON.stringify({ ...read, qpdf: [head, changed] }));
  return Object.keys(changed).length;
}

function reduced(catalog: Dict): Dict {
  return Object.fromEntries(Object.entries(catalog).filter(([key]) => CATALOG_KEPT.includes(key)));
}

class Cleaner {
  constructor(private readonly objects: Record<string, Json>) {}

  /** The same object when nothing in it is to change. */
  cleaned<Value extends Json>(value: Value): Value {
    if (Array.isArray(value)) {
      const items = value.map((item) => this.cleaned(item));
      return items.some((item, index) => item !== value[index]) ? (items as Value) : value; // as many, of the same kind
    }
    const dict = asDict(value);
    if (!dict) return value;
    const entries = Object.entries(dict).map(([key, item]) => [key, this.cleaned(item)] as const);
    const inner = entries.some(([key, item]) => item !== dict[key]) ? Object.fromEntries(entries) : dict;
    return this.#withoutActions(inner) as Value; // a dictionary as before
  }

  #withoutActions(dict: Dict): Dict {
    const isAnnotation = '/Rect' in dict && '/Subtype' in dict;
    const acts = isAnnotation || dict['/Type'] === '/Page' || '/FT' in dict || ('/T' in dict && '/Kids' in dict);
    if (!acts) return dict;
    const drop = new Set<string>();
    if ('/AA' in dict) drop.add('/AA');
    if ('/A' in dict && !this.#isHarmless(dict['/A'])) drop.add('/A');
    const subtype = dict['/Subtype'];
    const isActive = isAnnotation && typeof subtype === 'string' && ACTIVE_ANNOTATIONS.includes(subtype.slice(1));
    if (isActive) for (const key of ['/A', ...OF_ACTIVE_ANNOTATIONS]) drop.add(key);
    if (drop.size === 0 && !isActive) return dict;
    const kept = Object.fromEntries(Object.entries(dict).filter(([key]) => !drop.has(key)));
    return isActive ? { ...kept, '/Subtype': '/Stamp' } : kept; // what it looks like stays
  }

  #isHarmless(first: Json | undefined): boolean {
    const waiting = [first];
    for (let steps = 0; waiting.length > 0; steps++) {
      if (steps > MOST_IN_CHAIN) return false;
      const action = this.#dict(waiting.shift());
      const kind = action?.['/S'];
      if (!action || typeof kind !== 'string') continue;
      if (!HARMLESS_ACTIONS.includes(kind.slice(1))) return false;
      const next = action['/Next'];
      if (next !== undefined) waiting.push(...(Array.isArray(next) ? next : [next]));
    }
    return true;
  }

  #dict(value: Json | undefined): Dict | undefined {
    if (typeof value !== 'string' || !value.endsWith(' R')) return asDict(value ?? null);
    return asDict(asDict(this.objects[`obj:${value}`] ?? null)?.['value'] ?? null);
  }
}

function asDict(value: Json): Dict | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
