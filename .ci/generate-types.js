// npm run generate:types: writes src/database/types.ts from a freshly migrated database of its own.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectDatabase } from '../src/database/database.ts';
import { startEmbeddedPostgres } from '../src/database/embedded.ts';
import { migrateDatabase } from '../src/database/migrate.ts';
import { generateTypes } from '../test/support/generate-types.ts';

const types = fileURLToPath(new URL('../src/database/types.ts', import.meta.url));
const directory = await mkdtemp(join(tmpdir(), 'pressmark-types-'));
await chmod(directory, 0o755); // as root the server runs as another user, who must enter it
const { connectionString, stop } = await startEmbeddedPostgres({ directory, durable: false });
try {
  await migrateDatabase({ connectionString, includeCurrent: true });
  const database = connectDatabase({ connectionString, applicationName: 'generate-types' });
  await writeFile(types, await generateTypes(database.kysely, types));
  await database.close();
  console.log(`wrote ${types}`);
} finally {
  await stop();
  await rm(directory, { recursive: true, force: true });
}
