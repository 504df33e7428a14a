/** Upload areas for tests. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Makes files below a directory: "a/b.pdf" a file, "a/b/" a directory, "a -> /etc" a link. */
export async function givenFiles(area: string, ...paths: string[]): Promise<void> {
  for (const path of paths) {
    const [name = '', target] = path.split(' -> ');
    const whole = join(area, name);
    await mkdir(name.endsWith('/') ? whole : dirname(whole), { recursive: true });
    if (target !== undefined) await symlink(target, whole);
    else if (!name.endsWith('/')) await writeFile(whole, name);
  }
}
