import { execFileSync } from 'node:child_process';

/** Whether a test may mount disks of its own: root may, unless its container forbids it. */
export const mayMount = (() => {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
