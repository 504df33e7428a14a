import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a directory and those above it. On a read-only disk node's own says ENOENT: this says what it is (EROFS). */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch(async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path);
  });
}
