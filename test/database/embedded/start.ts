/** A program that starts (or joins) the embedded PostgreSQL of a directory and prints what it got, for tests that need several. */
import { startEmbeddedPostgres } from '../../../src/database/embedded.js';

const [directory = ''] = process.argv.slice(2);
const notices: string[] = [];
try {
  const { connectionString, dataDirectory } = await startEmbeddedPostgres({
    directory,
    durable: false,
    notice: (text) => notices.push(text),
  });
  console.log(JSON.stringify({ connectionString, dataDirectory, notices }));
} catch (error) {
  console.log(JSON.stringify({ error: String(error) }));
}
