import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

/** `setpriv` as the user nobody: what comes after is the program and its arguments. */
export const AS_NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'] as const;

/** Whether this is root, and nobody can read the checkout: below a 0700 home it cannot, and no test can run as nobody there. */
export function nobodyReaches(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    const look = `require('fs').readdirSync(${JSON.stringify(resolve('src'))})`;
    execFileSync('setpriv', [...AS_NOBODY, process.execPath, '-e', look], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
