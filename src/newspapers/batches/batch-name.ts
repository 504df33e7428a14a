/** What batches are called (newspapers spec 5.8, 5.6, 11.3 "Batch names"). */
import { createHash } from 'node:crypto';

/** The parts of a batch's full name, as the sites show it. */
export interface BatchName {
  /** MARC code of the awardee. */
  orgCode: string;
  /** Whatever stands between organisation and version; may hold underscores. */
  keyword: string;
  version: number;
}

/** It does not follow `batch_<organisation>_<keyword>_ver<NN>`. */
export class InvalidBatchName extends Error {
  override name = 'InvalidBatchName';
  constructor(readonly text: string) {
    super(`${JSON.stringify(text)} is no batch name: it must be like batch_oru_20260115K7SlateOtterNearFern_ver01`);
  }
}

/**
 * Takes a full name apart.
 *
 * @throws InvalidBatchName
 */
export function parseBatchName(text: string): BatchName {
  const [, orgCode, keyword, version] = /^batch_([^_\s/]+)_([^\s/]+)_ver(\d{1,9})$/.exec(text) ?? [];
  if (orgCode === undefined || keyword === undefined || Number(version) < 1) throw new InvalidBatchName(text);
  return { orgCode, keyword, version: Number(version) };
}

/** Whether it follows that form. */
export function isBatchName(text: string): boolean {
  try {
    parseBatchName(text);
    return true;
  } catch (error) {
    if (error instanceof InvalidBatchName) return false;
    throw error;
  }
}

/** `batch_<organisation>_<keyword>_ver<NN>`. */
export const formatBatchName = ({ orgCode, keyword, version }: BatchName): string =>
  `batch_${orgCode}_${keyword}_ver${String(version).padStart(2, '0')}`;

/** Whether Open ONI finds the organisation in a batch's name: it ends at the second underscore, and a hyphen is none of its letters. */
export const isOrgForOni = (orgCode: string): boolean => /^[A-Za-z0-9]+$/.test(orgCode);

const LETTERS = Array.from('BCDFGHJKLMNPQRSTVWXZ');
const DIGITS = Array.from('0123456789');
const MATERIALS = [
  ...['Amber', 'Basalt', 'Birch', 'Brass', 'Cedar', 'Chalk', 'Clay', 'Cobalt', 'Copper', 'Cork'],
  ...['Flint', 'Granite', 'Linen', 'Maple', 'Marble', 'Paper', 'Pewter', 'Slate', 'Velvet', 'Willow'],
];
const CREATURES = [
  ...['Badger', 'Beaver', 'Bison', 'Bumblebee', 'Camel', 'Crane', 'Cricket', 'Dolphin', 'Dormouse', 'Falcon'],
  ...['Finch', 'Gecko', 'Gazelle', 'Hedgehog', 'Heron', 'Ibex', 'Kestrel', 'Koala', 'Lemur', 'Lynx'],
  ...['Marmot', 'Newt', 'Otter', 'Owl', 'Pelican', 'Puffin', 'Seal', 'Swallow', 'Tortoise', 'Wren'],
];
const CONNECTORS = ['Above', 'Beside', 'Below', 'Near', 'Behind', 'Painting', 'Watering', 'Admiring'];
const PLANTS = [
  ...['Asters', 'Bluebells', 'Clover', 'Cowslips', 'Daisies', 'Ferns', 'Heather', 'Irises', 'Lavender'],
  ...['Lilacs', 'Mallows', 'Marigolds', 'Mosses', 'Peonies', 'Poppies', 'Rosemary', 'Thyme', 'Violets'],
];
/** As they stand in a name; the creature among them changes with every batch. */
const PARTS = [LETTERS, DIGITS, MATERIALS, CONNECTORS, PLANTS];

/** Batches of a round: no two of them have the same creature. */
export const ROUND = CREATURES.length;
const ROUNDS = PARTS.reduce((product, words) => product * words.length, 1);
/** Shares no factor with ROUNDS, so that every round has words of its own and neighbours look nothing alike. */
const STRIDE = 250_007;
/** Share no factor with the length of their lists: within a round the words change, too. */
const STEPS = [7, 3, 9, 3, 5];
const CREATURE_STEP = 7;

/**
 * The name of a site's nth batch: letter, digit, material, creature, connector, plant, e.g. `K7SlateOtterNearFerns`.
 * The same number always has the same name, and no two of 17 million have one: round and place in it can be read back.
 *
 * @param site what tells the sites of the world apart, e.g. the address of the public one
 */
export function nameOfBatch(number: number, site: string): string {
  const offset = createHash('sha256').update(site).digest().readUInt32BE(0);
  const place = (number + offset) % ROUND;
  let code = (Math.floor((number + offset) / ROUND) * STRIDE) % ROUNDS;
  const words = PARTS.map((list, part) => {
    const index = code % list.length;
    code = Math.floor(code / list.length);
    return list[(index + place * (STEPS[part] ?? 1)) % list.length] ?? '';
  });
  words.splice(3, 0, CREATURES[(place * CREATURE_STEP) % ROUND] ?? '');
  return words.join('');
}
