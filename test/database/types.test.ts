import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../support/database.js';
import { generateTypes } from '../support/generate-types.js';

const TYPES = fileURLToPath(new URL('../../src/database/types.ts', import.meta.url));

test('src/database/types.ts is what the migrations make (else: npm run generate:types)', async () => {
  const own = await createTestDatabase();
  onTestFinished(() => own.drop());
  const generated = await generateTypes(own.database.kysely, TYPES);
  expect(await readFile(TYPES, 'utf8')).toBe(generated);
});
