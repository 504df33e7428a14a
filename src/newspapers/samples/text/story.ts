/** One story: its headline, and as many paragraphs as its columns need. */
import type { Random } from '../random.js';
import type { Gazetteer } from './gazetteer.js';
import type { Pack } from './pack.js';
import { Teller } from './teller.js';
import type { PictureKind, Topic } from './topic.js';

/** After so many sentences of its topic a story turns to another one, under a crosshead. */
const SENTENCES_OF_A_TOPIC = 10;

export type Passage = { kind: 'paragraph'; sentences: string[] } | { kind: 'crosshead'; text: string };

export class Story {
  readonly headline: string;
  readonly deck: string;
  readonly topic: Topic;
  readonly #random: Random;
  readonly #teller: Teller;
  readonly #body: Pack<string>;
  readonly #stock: Pack<string>;
  readonly #more: () => Story;
  readonly #lead: string;
  #told = 0;
  #next: Story | undefined;

  constructor(from: {
    topic: Topic;
    body: Pack<string>;
    stock: Pack<string>;
    random: Random;
    gazetteer: Gazetteer;
    more: () => Story;
  }) {
    this.topic = from.topic;
    this.#random = from.random;
    this.#body = from.body;
    this.#stock = from.stock;
    this.#more = from.more;
    this.#teller = new Teller(from.random.fork('teller'), from.gazetteer);
    const which = this.#random.int(0, this.topic.headlines.length - 1);
    // the lead is told first: it gives people and places their full names, and the headline then uses the short ones
    this.#lead = this.#teller.tell(this.topic.leads[which % this.topic.leads.length] ?? '');
    this.headline = this.#teller.tell(this.topic.headlines[which] ?? '');
    this.deck = this.#teller.tell(this.#random.pick(this.topic.decks));
  }

  /** The next paragraph, of one to `most` sentences; now and then a crosshead where a long story turns to another matter. */
  passage(most: number): Passage {
    if (this.#next !== undefined) return this.#next.passage(most);
    if (this.#told > SENTENCES_OF_A_TOPIC) {
      this.#next = this.#more();
      return { kind: 'crosshead', text: this.#next.headline };
    }
    const sentences: string[] = [];
    const count = this.#told === 0 ? 1 : this.#random.int(1, most);
    for (let i = 0; i < count; i++) sentences.push(this.#told++ === 0 ? this.#lead : this.#teller.tell(this.#body.next()));
    return { kind: 'paragraph', sentences };
  }

  /** A short sentence that may end the story: the copy fitter tries several until one fits the hole. */
  closing(): string {
    return this.#next?.closing() ?? this.#teller.tell(this.#stock.next());
  }

  caption(): { picture: PictureKind; text: string } {
    const { picture, text } = this.#random.pick(this.topic.captions);
    return { picture, text: this.#teller.tell(text) };
  }
}
