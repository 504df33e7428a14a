/** Moves a directory in a process of its own, which may be another user's; prints how it failed, or null. */
import { FatalError } from '../../src/engine/job.js';
import { copyForMove, deleteForMove, renameForMove, verifyForMove } from '../../src/files/move.js';
import { explained } from '../../src/files/trouble.js';

const [from = '', to = ''] = process.argv.slice(2);
const move = { from, to };
try {
  await copyForMove(move);
  await verifyForMove(move);
  await deleteForMove(move);
  await renameForMove(move);
  process.stdout.write('null');
} catch (thrown) {
  const error = explained(thrown) as Error; // only errors are thrown
  process.stdout.write(JSON.stringify({ message: error.message, isFatal: error instanceof FatalError }));
}
process.exit(0);
