import { z } from 'zod';

/** A yes or no as a parameter: from the command line a text, from a page a boolean. */
export const yesOrNo = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')], {
  error: 'it must be true or false',
});
