/** Before any test: the system tools, installed when this is root on Debian or Ubuntu, else named with the line that installs them. */
import { ensureSystemTools, LINUX_TEST_TOOLS, NEWSPAPER_TOOLS, TEST_TOOLS } from '../../src/files/system-tools.js';

const ofLinux = process.platform === 'linux' ? LINUX_TEST_TOOLS : [];

export default () => ensureSystemTools([...NEWSPAPER_TOOLS, ...TEST_TOOLS, ...ofLinux]);
