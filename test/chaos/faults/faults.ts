/** All faults there are. */
import { diskFaults } from '../disk/faults.js';
import type { Fault } from '../fault.js';
import { networkFaults } from '../network/faults.js';
import { serviceFaults } from '../services/faults.js';
import { killAgents, restartAgents } from './agents.js';
import { killChild, killDaemon, terminateDaemon, wrongClock, zombie } from './daemons.js';

export const processFaults: readonly Fault[] = [
  ...[killDaemon, killChild, terminateDaemon, zombie, wrongClock],
  ...[restartAgents, killAgents],
];

export const allFaults: readonly Fault[] = [...processFaults, ...serviceFaults, ...networkFaults, ...diskFaults];
