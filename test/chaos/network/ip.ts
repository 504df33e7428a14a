/** `ip` of iproute2: namespaces, links, neighbours. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs `ip` with these words. @throws Error with what it said */
export async function ip(...words: readonly string[]): Promise<string> {
  const { stdout } = await run('ip', words, { timeout: 20_000 });
  return stdout;
}

/** Runs `ip` inside a namespace. */
export function ipIn(namespace: string, ...words: readonly string[]): Promise<string> {
  return ip('-netns', namespace, ...words);
}

/** Links and addresses of this machine, as `ip -json` tells them. */
export async function links(): Promise<{ ifname: string; addresses: string[] }[]> {
  const found = JSON.parse(await ip('-json', 'address', 'show')) as {
    ifname: string;
    addr_info: { local?: string }[];
  }[];
  return found.map(({ ifname, addr_info }) => ({ ifname, addresses: addr_info.flatMap(({ local }) => local ?? []) }));
}
