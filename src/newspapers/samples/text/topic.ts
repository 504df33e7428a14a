import type { Era } from './gazetteer.js';

/** What a story may be about, written as templates (the language is described at `Teller`). */
export interface Topic {
  section: 'news' | 'business' | 'society' | 'sports' | 'water' | 'farm' | 'opinion';
  /** Only for papers of this era. */
  era?: Era;
  /** Sentence case; capitals are the layout's business. The i-th goes with lead i modulo the number of leads. */
  headlines: readonly string[];
  decks: readonly string[];
  /** The first sentence. */
  leads: readonly string[];
  /** In any order after the lead. */
  body: readonly string[];
  /** Captions of a picture that goes with it, with the kind of picture. */
  captions: readonly { picture: PictureKind; text: string }[];
}

export const PICTURE_KINDS = [
  'harbor',
  'street',
  'hills',
  'bridge',
  'mill',
  'portrait',
  'orchard',
  'lighthouse',
  'ballfield',
  'stage',
] as const;
export type PictureKind = (typeof PICTURE_KINDS)[number];
