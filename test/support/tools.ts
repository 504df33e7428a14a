/** Before any test: the system tools, installed when this is root on Debian or Ubuntu, else named with the line that installs them. */
import { ensureSystemTools, NEWSPAPER_TOOLS, TEST_TOOLS } from '../../src/files/system-tools.js';

export default () => ensureSystemTools([...NEWSPAPER_TOOLS, ...TEST_TOOLS]);
