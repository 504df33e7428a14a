/**
 * Loaded into the daemon before anything else (`node --import`): it kills itself with SIGKILL at each job, before it begins
 * (the job before it is recorded then) and when its effect is there but not its record; each once, over all its lives.
 * KILLED_AT names the file that remembers; KILL_EVERY=n takes every nth of these moments.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { registry } from '../../dist/cli/registry.js';

const file = process.env.KILLED_AT;
const every = Number(process.env.KILL_EVERY ?? 1);

function moment(name) {
  const seen = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  if (seen.includes(name) || seen.includes(`${name} spared`)) return;
  const isSpared = seen.length % every !== 0;
  appendFileSync(file, isSpared ? `${name} spared\n` : `${name}\n`);
  if (!isSpared) process.kill(process.pid, 'SIGKILL');
}

for (const definition of registry.jobs.values()) {
  const { type, run } = definition;
  definition.run = async (context) => {
    const { pipelineId, sequence, decision } = context;
    const name = `${pipelineId} ${sequence} ${type} ${decision?.verb ?? ''}`;
    moment(`before ${name}`);
    const outcome = await run(context);
    if (outcome?.kind !== 'try_later') moment(`unrecorded ${name}`);
    return outcome;
  };
}
