/** Hands out the copy of one issue: stories, short items, advertisements. What was used least comes next, so that nothing shows twice. */
import type { Random } from '../random.js';
import { ADDRESS_LINES, TRADES, type Icon, type Trade } from './advertisements.js';
import type { Gazetteer } from './gazetteer.js';
import { Pack } from './pack.js';
import { CLASSIFIED, LETTERS, LOCAL_ITEMS, PROVERBS } from './small-copy.js';
import { STOCK_SENTENCES } from './stock-sentences.js';
import { Story } from './story.js';
import { Teller } from './teller.js';
import type { Topic } from './topic.js';
import { CURIOUS_TOPICS } from './topics-curious.js';
import { COUNTRY_TOPICS } from './topics-country.js';
import { SPORT_AND_OPINION_TOPICS } from './topics-sport.js';
import { TOWN_TOPICS } from './topics-town.js';

export interface Advertisement {
  icon: Icon;
  name: string;
  slogan: string;
  lines: string[];
  address: string;
}

/** What is left of a topic, whichever story tells it next. */
interface TopicPacks {
  body: Pack<string>;
  captions: Pack<Topic['captions'][number]>;
  which: Pack<number>;
}

export class Newsroom {
  readonly gazetteer: Gazetteer;
  readonly #random: Random;
  readonly #topics: Pack<Topic>;
  readonly #packs = new Map<Topic, TopicPacks>();
  readonly #stock: Pack<string>;
  readonly #items: Pack<string>;
  readonly #letters: Pack<string>;
  readonly #proverbs: Pack<string>;
  readonly #trades: Pack<Trade>;
  readonly #names = new Map<Trade, Pack<string>>();
  readonly #classified: { heading: string; items: Pack<string> }[];
  #stories = 0;

  constructor(random: Random, gazetteer: Gazetteer) {
    const ofThisEra = <T extends { era?: Gazetteer['era'] }>(list: readonly T[]): T[] =>
      list.filter((item) => item.era === undefined || item.era === gazetteer.era);
    this.gazetteer = gazetteer;
    this.#random = random;
    this.#topics = new Pack(
      random.fork('topics'),
      ofThisEra([...TOWN_TOPICS, ...COUNTRY_TOPICS, ...CURIOUS_TOPICS, ...SPORT_AND_OPINION_TOPICS]),
    );
    this.#stock = new Pack(random.fork('stock'), STOCK_SENTENCES);
    this.#items = new Pack(random.fork('items'), LOCAL_ITEMS);
    this.#letters = new Pack(random.fork('letters'), LETTERS);
    this.#proverbs = new Pack(random.fork('proverbs'), PROVERBS);
    this.#trades = new Pack(random.fork('trades'), ofThisEra(TRADES));
    this.#classified = ofThisEra(CLASSIFIED).map(({ heading, items }) => ({
      heading,
      items: new Pack(random.fork(heading), items),
    }));
  }

  /** A story of one of these sections; of any but opinion and sports when none is named. */
  story(sections?: readonly Topic['section'][]): Story {
    const wanted = sections ?? ['news', 'business', 'society', 'water', 'farm'];
    const topic = this.#topics.nextWhere(({ section }) => wanted.includes(section));
    if (topic === undefined) throw new Error(`no topic of the sections ${wanted.join(', ')} in the sample texts`);
    const random = this.#random.fork(`story ${++this.#stories}`);
    let packs = this.#packs.get(topic);
    if (packs === undefined) {
      packs = {
        body: new Pack(random.fork('body'), topic.body),
        captions: new Pack(random.fork('captions'), topic.captions),
        which: new Pack(random.fork('which'), [...topic.headlines.keys()]),
      };
      this.#packs.set(topic, packs);
    }
    const { body, captions, which } = packs;
    return new Story({
      topic,
      body,
      captions,
      which: which.next(),
      stock: this.#stock,
      random,
      gazetteer: this.gazetteer,
      more: () => this.story(sections),
    });
  }

  localItem = (): string => this.#tell(this.#items.next());
  letter = (): { text: string; writer: string } => ({
    text: this.#tell(this.#letters.next()),
    writer: this.#tell('{person}, {neighbor}'),
  });
  proverb = (): string => this.#tell(this.#proverbs.next());
  headings = (): string[] => this.#classified.map(({ heading }) => heading);

  classified(heading: string): string {
    const kind = this.#classified.find((candidate) => candidate.heading === heading);
    if (kind === undefined) throw new Error(`no classified advertisements under "${heading}"`);
    return this.#tell(kind.items.next());
  }

  advertisement(): Advertisement {
    const trade = this.#trades.next();
    const teller = this.#teller();
    return {
      icon: trade.icon,
      name: teller.tell(this.#firms(trade).next()),
      slogan: teller.tell(this.#random.pick(trade.slogans)),
      lines: this.#random.shuffle(trade.lines).map((line) => teller.tell(line)),
      address: teller.tell(this.#random.pick(ADDRESS_LINES)),
    };
  }

  /** The firms of a trade, dealt so that none advertises twice before all have. */
  #firms(trade: Trade): Pack<string> {
    let firms = this.#names.get(trade);
    if (firms === undefined)
      this.#names.set(trade, (firms = new Pack(this.#random.fork(trade.names.join()), trade.names)));
    return firms;
  }

  byline(): string {
    return this.#tell('{person}');
  }

  #tell(template: string): string {
    return this.#teller().tell(template);
  }

  #teller(): Teller {
    return new Teller(this.#random, this.gazetteer);
  }
}
