// Loaded into a daemon under test: the moment it says that it stops, it gets the second signal.
import fs from 'node:fs';

const { writeSync } = fs;
fs.writeSync = (fd, text, ...rest) => {
  const written = writeSync(fd, text, ...rest);
  if (String(text).includes('stopping: running jobs may finish')) process.kill(process.pid, 'SIGTERM');
  return written;
};
