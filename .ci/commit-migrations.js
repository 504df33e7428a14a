// npm run commit:migrations: each file of migrations/current becomes a committed migration.
import { fileURLToPath } from 'node:url';
import { commitMigrations } from '../test/support/commit-migrations.ts';

const added = await commitMigrations(fileURLToPath(new URL('../migrations', import.meta.url)));
console.log(added.length === 0 ? 'migrations/current is empty: nothing to commit' : `committed ${added.join(', ')}`);
