/** The metadata of an issue as people give it: by a question's parameters, or from a file (newspapers spec 9). */
import { z } from 'zod';
import { wholeNumber } from '../../engine/pen/parameters.js';
import { parseLabels, type Label } from './labels.js';

/** What is known of an issue, whole. Texts that nobody has given yet are empty. */
export interface MetadataFields {
  /** YYYY-MM-DD once it is checked, as all that follows. */
  date: string;
  dateAsLabeled: string;
  volume: string;
  issueNumber: string;
  edition: number;
  editionLabel: string;
  /** One for each page, in their order; null: nobody has looked yet. */
  labels: Label[];
  /** For the reviewer. */
  comment: string;
}

/** What somebody gave of it. */
export type GivenMetadata = { [Field in keyof MetadataFields]?: MetadataFields[Field] | undefined };

// What XML cannot hold must not get into METS, nor what PostgreSQL's JSON cannot into a draft.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u;
const MOST_LETTERS = 500;

const text = z.union([z.string(), z.number().transform(String)], { error: 'it must be a text' }).pipe(
  z
    .string()
    .trim()
    .max(MOST_LETTERS, `it must not be longer than ${MOST_LETTERS} letters`)
    .refine((line) => !UNPRINTABLE.test(line), 'it must be one line without control characters'),
);

const comment = z
  .string({ error: 'it must be a text' })
  .trim()
  .refine((lines) => !UNPRINTABLE.test(lines.replace(/[\t\r\n]/g, ' ')), 'it must not have control characters');

const label = z.union([text, z.null()]);
const labels = z
  .union([z.string(), z.array(label)], { error: 'it must be labels separated by commas, or a list of texts' })
  .transform((given, context): unknown => {
    if (typeof given !== 'string') return given;
    const parsed = parseLabels(given);
    if (parsed) return parsed;
    context.addIssue('it looks like a JSON list but cannot be read as one');
    return z.NEVER;
  })
  .pipe(z.array(label));

/** The parameters of a draft, of which each may be left out: then what is stored stays. Only types are checked. */
export const metadataParameters = {
  date: text.optional().describe('the day of the issue, YYYY-MM-DD; changing it changes the key of the issue'),
  dateAsLabeled: text.optional().describe('the day as it is printed, YYYY-MM-DD; the same unless it is misprinted'),
  volume: text.optional().describe('as printed, in Arabic numerals; 0 when none is'),
  issueNumber: text.optional().describe('as printed, in Arabic numerals; 0 when none is'),
  edition: wholeNumber(0).optional().describe('1 unless there were several on that day'),
  editionLabel: text.optional().describe('its name when it has one, e.g. Evening edition'),
  labels: labels
    .optional()
    .describe('the page numbers as printed, one for each page: 1,2,,4 (empty or 0: none is printed), or a JSON list'),
  comment: comment.optional().describe('for the reviewer'),
} satisfies Record<keyof MetadataFields, z.ZodType>;

/** The names of the fields, in the order in which people are told of them. */
export const METADATA_FIELDS = Object.keys(metadataParameters) as (keyof MetadataFields)[]; // by its type

/** What was given over what was known. A day as labelled that nobody gave follows the day. */
export function withGiven(known: MetadataFields, given: GivenMetadata): MetadataFields {
  const merged = { ...known };
  for (const field of METADATA_FIELDS) if (given[field] !== undefined) Object.assign(merged, { [field]: given[field] });
  if (known.dateAsLabeled === known.date && given.dateAsLabeled === undefined) merged.dateAsLabeled = merged.date;
  return merged;
}

/** Of parameters those that are fields, without what was not given. */
export function givenOf(parameters: GivenMetadata): GivenMetadata {
  const given = METADATA_FIELDS.flatMap((field) =>
    parameters[field] === undefined ? [] : [[field, parameters[field]] as const],
  );
  return Object.fromEntries(given);
}
