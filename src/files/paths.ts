import { dirname, resolve } from 'node:path';
import { z } from 'zod';

/** An absolute path without "." or ".." in it: what a job does must not depend on where its runner was started. */
export const absolutePath = z
  .string()
  .refine((text) => resolve(text) === text && dirname(text) !== text, 'must be an absolute, plain path');
