/** Makes the derivatives of a directory in a process that can be killed. */
import pLimit from 'p-limit';
import { closeThreads } from '../../../src/files/threads.js';
import { makeDerivatives } from '../../../src/newspapers/derivatives/derivatives.js';

const [directory = ''] = process.argv.slice(2);
const silent = () => undefined;
await makeDerivatives({
  ...{ directory, kind: 'borndigital', dpi: 144, quality: 62.5, language: 'eng' },
  ...{ share: pLimit(2), progress: { report: silent }, log: { info: silent, warn: silent } },
});
await closeThreads();
process.stdin.resume(); // stays until it is killed, however late that comes, or whoever started it is gone
