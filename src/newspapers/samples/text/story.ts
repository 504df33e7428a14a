/** One story: its headline, and as many paragraphs as its columns need. */
import type { Random } from '../random.js';
import type { Gazetteer } from './gazetteer.js';
import type { Pack } from './pack.js';
import { Teller } from './teller.js';
import type { PictureKind, Topic } from './topic.js';

export type Passage = { kind: 'paragraph'; sentences: string[] } | { kind: 'crosshead'; text: string };

export class Story {
  readonly headline: string;
  readonly deck: string;
  readonly topic: Topic;
  readonly #random: Random;
  readonly #teller: Teller;
  readonly #body: Pack<string>;
  readonly #captions: Pack<Topic['captions'][number]>;
  readonly #stock: Pack<string>;
  readonly #more: () => Story;
  readonly #lead: string;
  #told = 0;
  #next: Story | undefined;

  constructor(from: {
    topic: Topic;
    body: Pack<string>;
    captions: Pack<Topic['captions'][number]>;
    stock: Pack<string>;
    random: Random;
    gazetteer: Gazetteer;
    more: () => Story;
    /** Which of the topic's headlines. */
    which: number;
  }) {
    this.topic = from.topic;
    this.#random = from.random;
    this.#body = from.body;
    this.#captions = from.captions;
    this.#stock = from.stock;
    this.#more = from.more;
    this.#teller = new Teller(from.random.fork('teller'), from.gazetteer);
    // the lead is told first: it gives people and places their full names, and the headline then uses the short ones
    this.#lead = this.#teller.tell(this.topic.leads[from.which % this.topic.leads.length] ?? '');
    this.headline = this.#teller.tell(this.topic.headlines[from.which] ?? '');
    this.deck = this.#teller.tell(this.#random.pick(this.topic.decks));
  }

  /** The next paragraph, of one to `most` sentences; a crosshead where a long story has told all and turns to another matter. */
  passage(most: number): Passage {
    if (this.#next !== undefined) return this.#next.passage(most);
    const left = 1 + this.topic.body.length - this.#told;
    if (left === 0) {
      this.#next = this.#more();
      return { kind: 'crosshead', text: this.#next.headline };
    }
    const sentences: string[] = [];
    const count = this.#told === 0 ? 1 : Math.min(left, this.#random.int(1, most));
    for (let i = 0; i < count; i++)
      sentences.push(this.#told++ === 0 ? this.#lead : this.#teller.tell(this.#body.next()));
    return { kind: 'paragraph', sentences };
  }

  /** A short sentence that may end the story: the copy fitter tries several until one fits the hole. */
  closing(): string {
    return this.#next?.closing() ?? this.#teller.tell(this.#stock.next());
  }

  /** A picture for the story and what is under it; a portrait for a narrow place, where there is one. */
  caption(narrow: boolean): { picture: PictureKind; text: string } {
    const { picture, text } =
      this.#captions.nextWhere((caption) => (caption.picture === 'portrait') === narrow) ?? this.#captions.next();
    return { picture, text: this.#teller.tell(text) };
  }
}
