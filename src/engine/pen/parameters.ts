/** The parameters of answers: how they are checked, and how they are told to people. */
import { z } from 'zod';
import type { Json } from '../../database/database.js';
import type { Action } from '../action.js';
import { nearest } from '../nearest.js';
import { Refused } from '../refused.js';
import type { Roles } from '../roles.js';

/**
 * A whole number as a parameter: from the command line a text, from a page a number. An empty text is none, and not 0.
 * @example wholeNumber(0).default(0).describe('how many pages were deleted on purpose')
 */
export const wholeNumber = (minimum: number) =>
  z
    .union(
      [
        z.number(),
        z
          .string()
          .trim()
          .regex(/^-?\d+$/, 'it must be a whole number')
          .transform(Number),
      ],
      {
        error: 'it must be a whole number',
      },
    )
    .pipe(z.number().int('it must be a whole number').min(minimum, `it must be ${minimum} or more`));

export interface VerbDescription {
  verb: string;
  /** What the answer does. */
  effect: string | undefined;
  /** Roles that this answer takes, where the action's do not do. */
  roles: string[];
  parameters: ParameterDescription[];
}

export interface ParameterDescription {
  name: string;
  required: boolean;
  meaning: string | undefined;
}

/** The answers of an action, for people. */
export const describeVerbs = (action: Action, roles: Roles): VerbDescription[] =>
  Object.entries(action.verbs).map(([verb, schema]) => ({
    verb,
    effect: schema.description,
    roles: action.verbPrivileges?.[verb] === undefined ? [] : roles.holders(action.verbPrivileges[verb]),
    parameters: Object.entries(shapeOf(schema)).map(([name, parameter]) => ({
      name,
      required: !parameter.safeParse(undefined).success,
      meaning: parameter.description,
    })),
  }));

/**
 * The parameters of an answer, as its verb's schema reads them.
 * @throws Refused naming the nearest verb, or the parameters that would be right
 */
export function checkAnswer(action: Action, verb: string, params: Json): Json {
  const known = Object.keys(action.verbs);
  const schema = Object.hasOwn(action.verbs, verb) ? action.verbs[verb] : undefined;
  if (schema === undefined) {
    const near = nearest(verb, known);
    const takes = known.length === 0 ? 'it takes none yet' : `it takes: ${known.join(', ')}`;
    throw new Refused(
      'conflict',
      `${verb} is no answer to ${action.name}`,
      near === undefined ? takes : `did you mean ${near}? ${takes}`,
    );
  }
  const parsed = (schema instanceof z.ZodObject ? schema.strict() : schema).safeParse(params ?? {}); // a mistyped name is not passed over
  if (parsed.success) return parsed.data as Json; // parsed from JSON
  const wrong = parsed.error.issues.map((i) => (i.path.length > 0 ? `${i.path.join('.')}: ${i.message}` : i.message));
  throw new Refused('conflict', `the parameters do not fit ${verb}`, `${wrong.join('; ')}; ${expected(schema)}`);
}

function expected(schema: z.ZodType): string {
  const names = Object.entries(shapeOf(schema)).map(([name, parameter]) =>
    parameter.description === undefined ? name : `${name} (${parameter.description})`,
  );
  return names.length === 0 ? 'it takes none' : `it takes: ${names.join(', ')}`;
}

const shapeOf = (schema: z.ZodType): Record<string, z.ZodType> => (schema instanceof z.ZodObject ? schema.shape : {});
