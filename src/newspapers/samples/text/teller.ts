/**
 * Turns templates into sentences. One teller per article: it remembers who and what was already named, so that a person
 * has a full name and a role at first and a surname after.
 *
 * Template language:
 *   [one|other]   either, by chance; may be nested        <then|now>   by the era of the paper
 *   {A}..{E}      a person of this article; {A:the mayor} adds the role at the first mention; {A.he} {A.his} {A.him} {A.surname}
 *   {person} {man} {lady} {surname}            somebody new
 *   {P} {S} {T} {O} {W} {M} {V}                place, street, neighbouring town, society, weekday, month, vessel of this article
 *   {place} {street} {neighbor} {org} {weekday} {month} {boat} {team} {hour}    new ones
 *   {town} {county} {state} {water}            the paper's own
 *   {n:2-9} {k:200-900/50}                     a number, in steps; a letter other than n keeps it for the whole article
 *   a(n)                                       a or an
 */
import type { Random } from '../random.js';
import { GIVEN_NAMES, SURNAMES, type Gazetteer } from './gazetteer.js';

interface Person {
  given: string;
  surname: string;
  woman: boolean;
  /** Mr., Mrs. or Miss; or the office that stood before the name when it was first told. */
  honorific: string;
  told: boolean;
}

const NUMBER_WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const OFFICE =
  /(?:^|\s)(Mayor|Captain|Judge|Dr\.|Rev\.|Sheriff|Marshal|Professor|Principal|Coach|Chief|Superintendent|Commissioner|Deputy|Councilor|Alderman|Postmaster|Engineer|Constable|Mrs\.|Miss|Mr\.) $/;

export class Teller {
  readonly #random: Random;
  readonly #gazetteer: Gazetteer;
  readonly #people = new Map<string, Person>();
  readonly #fixed = new Map<string, string>();
  readonly #surnamesUsed = new Set<string>();

  constructor(random: Random, gazetteer: Gazetteer) {
    this.#random = random;
    this.#gazetteer = gazetteer;
  }

  /** One telling of the template: the first letter a capital, numbers below ten in words. */
  tell(template: string): string {
    const chosen = this.#choose(template);
    let text = '';
    let last = 0;
    for (const slot of chosen.matchAll(/\{([^{}]*)\}/g)) {
      text += chosen.slice(last, slot.index);
      last = slot.index + slot[0].length;
      text += this.#fill(slot[1] ?? '', text, chosen[last] ?? '');
      // a role brings its own commas, and a name that comes again needs none
      if (/^[A-E]:/.test(slot[1] ?? '')) last += chosen[last] === ',' ? 1 : 0;
    }
    return polish(text + chosen.slice(last));
  }

  #choose(template: string): string {
    // the constant slots first, so that the role of a person may hold them
    let text = template
      .replace(/\{(?:town|county|state|water)\}/g, (slot) => this.#gazetteer[slot.slice(1, -1) as 'town'])
      .replace(/<([^<>|]*)\|([^<>|]*)>/g, this.#gazetteer.era === 'then' ? '$1' : '$2');
    for (;;) {
      const next = text.replace(/\[([^[\]]*)\]/, (_, choices: string) => this.#random.pick(choices.split('|')));
      if (next === text) return text;
      text = next;
    }
  }

  #fill(slot: string, before: string, after: string): string {
    const number = /^([a-z]):(\d+)-(\d+)(?:\/(\d+))?$/.exec(slot);
    if (number) {
      const [, name = 'n', low = '1', high = '9', step = '1'] = number;
      return this.#number(name, Number(low), Number(high), Number(step), before, after);
    }
    const person = /^([A-E])(?::(.*)|\.(he|his|him|surname))?$/.exec(slot);
    if (person) return this.#person(person[1] ?? 'A', person[2], person[3], before);
    return this.#named(slot, before);
  }

  #named(slot: string, before: string): string {
    const g = this.#gazetteer;
    const keep = (kind: string, choices: readonly string[]): string => {
      const known = this.#fixed.get(kind);
      if (known !== undefined) return known;
      const taken = new Set(this.#fixed.values());
      const free = choices.filter((choice) => !taken.has(choice));
      const value = this.#random.pick(free.length > 0 ? free : choices);
      this.#fixed.set(kind, value);
      return value;
    };
    switch (slot) {
      case 'P':
        return keep('P', g.places);
      case 'S':
        return keep('S', g.streets);
      case 'T':
        return keep('T', g.neighbors);
      case 'O':
        return keep('O', g.orgs);
      case 'W':
        return keep('W', WEEKDAYS.slice(0, 6));
      case 'M':
        return keep('M', MONTHS);
      case 'V':
        return keep('V', g.boats);
      case 'place':
        return this.#random.pick(g.places);
      case 'street':
        return this.#random.pick(g.streets);
      case 'neighbor':
        return this.#random.pick(g.neighbors);
      case 'org':
        return this.#random.pick(g.orgs);
      case 'boat':
        return this.#random.pick(g.boats);
      case 'team':
        return this.#random.pick(g.teams);
      case 'weekday':
        return this.#random.pick(WEEKDAYS);
      case 'month':
        return this.#random.pick(MONTHS);
      case 'hour':
        return this.#hour();
      case 'person':
        return this.#somebody(before);
      case 'surname':
        return this.#newPerson().surname;
      case 'man':
        return fullName(this.#newPerson(false));
      case 'lady':
        return fullName(this.#newPerson(true));
      default:
        throw new Error(`unknown slot {${slot}} in a sample text`);
    }
  }

  #hour(): string {
    const hour = this.#random.int(6, 9);
    if (this.#gazetteer.era === 'then') return `${NUMBER_WORDS[hour] ?? hour} o’clock`;
    return `${hour}${this.#random.pick(['', ':30'])} p.m.`;
  }

  #number(name: string, low: number, high: number, step: number, before: string, after: string): string {
    const known = name === 'n' ? undefined : this.#fixed.get(`number ${name}`);
    const value =
      known === undefined ? low + step * this.#random.int(0, Math.floor((high - low) / step)) : Number(known);
    if (name !== 'n') this.#fixed.set(`number ${name}`, String(value));
    const bare = /(^|[\s“—])$/.test(before) && /^[\s,;.?!—-]?$/.test(after);
    if (bare && value < NUMBER_WORDS.length) return NUMBER_WORDS[value] ?? String(value);
    return value.toLocaleString('en-US');
  }

  #person(letter: string, role: string | undefined, pronoun: string | undefined, before: string): string {
    const office = OFFICE.exec(before)?.[1];
    let person = this.#people.get(letter);
    if (person === undefined) {
      person = this.#newPerson(office && this.#gazetteer.era === 'then' ? false : undefined);
      if (office !== undefined) person.honorific = office;
      this.#people.set(letter, person);
    }
    if (pronoun !== undefined) return pronounOf(person, pronoun);
    if (!person.told) {
      person.told = true;
      const name = office === undefined ? fullName(person) : `${person.given} ${person.surname}`;
      return role === undefined ? name : `${name}, ${role},`;
    }
    if (office !== undefined || person.honorific === '') return person.surname;
    return `${person.honorific} ${person.surname}`;
  }

  /** A new person; after an office a bare name, which in old papers is a man's. */
  #somebody(before: string): string {
    if (!OFFICE.test(before)) return fullName(this.#newPerson());
    const person = this.#newPerson(this.#gazetteer.era === 'then' ? false : undefined);
    return `${person.given} ${person.surname}`;
  }

  #newPerson(womanOnly?: boolean): Person {
    const { era } = this.#gazetteer;
    const woman = womanOnly ?? this.#random.chance(era === 'then' ? 0.3 : 0.5);
    let surname = this.#random.pick(SURNAMES);
    while (this.#surnamesUsed.has(surname) && this.#surnamesUsed.size < SURNAMES.length)
      surname = this.#random.pick(SURNAMES);
    this.#surnamesUsed.add(surname);
    const names = GIVEN_NAMES[era];
    let given = this.#random.pick(woman ? names.women : names.men);
    if (era === 'then' && !woman) given += ` ${this.#random.pick(Array.from('ABCDEFGHJLMRSTW'))}.`;
    const honorific = era === 'now' ? '' : woman ? this.#random.pick(['Mrs.', 'Miss']) : 'Mr.';
    return { given, surname, woman, honorific, told: false };
  }
}

function fullName(person: Person): string {
  const title = person.woman && person.honorific !== '' ? `${person.honorific} ` : '';
  return `${title}${person.given} ${person.surname}`;
}

function pronounOf(person: Person, pronoun: string): string {
  if (pronoun === 'surname') return person.surname;
  if (pronoun === 'he') return person.woman ? 'she' : 'he';
  if (pronoun === 'his') return person.woman ? 'her' : 'his';
  return person.woman ? 'her' : 'him';
}

/** Mends what filling leaves behind: doubled stops, articles, quotes, the capital at the start. */
function polish(text: string): string {
  const mended = text
    .replace(
      /\ba\(n\) ([“‘]?)(\w+)/g,
      (_, quote: string, word: string) => `${needsAn(word) ? 'an' : 'a'} ${quote}${word}`,
    )
    .replace(/,([.,;?!”])/g, (_, stop: string) => (stop === '”' ? ',”' : stop))
    .replace(/\.\.(?!\.)/g, '.')
    .replace(/ {2,}/g, ' ')
    .replaceAll("'", '’')
    .trim();
  // a slot may begin a sentence, too; after "p.m." nothing begins
  return mended.replace(
    /(^|(?<!p\.m)[.?!]”? )([“‘]?)(\p{Ll})/gu,
    (_, before: string, quote: string, letter: string) => before + quote + letter.toUpperCase(),
  );
}

function needsAn(word: string): boolean {
  return /^(?:[aeiou](?!ni|ne\b|uro)|8|1[18]\b|hour|honest)/i.test(word);
}
