/** Looks for the outside programs that Pressmark needs, and installs them where it may (design 12). */
import { proxyEnvironment } from './program-environment.js';
import { findProgram, runProgram } from './programs.js';
import { installLine, thisPlatform, TOOL_PACKAGES, type Platform, type ToolPackage } from './tool-packages.js';

/** What newspapers are made with. */
export const NEWSPAPER_TOOLS = ['poppler-utils', 'qpdf', 'libopenjp2-tools'] as const satisfies ToolPackage[];

/** What the tests use on top. */
export const TEST_TOOLS = [
  'libxml2-utils',
  'redis-server',
  'openssl',
  'postgresql-client',
  'pgbouncer',
] as const satisfies ToolPackage[];

/** And where there is a Linux under them. */
export const LINUX_TEST_TOOLS = ['iproute2', 'systemd'] as const satisfies ToolPackage[];

const INSTALL_SECONDS = 15 * 60;

/** Programs are not installed; the message has the line that installs them. */
export class ToolsMissing extends Error {
  override name = 'ToolsMissing';
  constructor(
    readonly packages: readonly ToolPackage[],
    readonly programs: readonly string[],
    platform: Platform,
  ) {
    const them = programs.length === 1 ? 'This program is' : 'These programs are';
    super(`${them} not installed: ${programs.join(', ')}. To install:\n\n  ${installLine(packages, platform)}\n`);
  }
}

/**
 * Makes sure, when a program starts, that it will find its tools.
 *
 * @param tools their Debian packages
 * @throws {ToolsMissing} naming all that are missing and how to install them
 */
export async function checkSystemTools(
  tools: readonly ToolPackage[],
  platform: Platform = thisPlatform(),
): Promise<void> {
  const missing = await missingTools(tools);
  if (missing.packages.length > 0) throw new ToolsMissing(missing.packages, missing.programs, platform);
}

/**
 * Installs what is missing: with apt-get as root on Debian and its kin, which takes a minute. Everywhere else it says
 * what to type. With everything in place it changes nothing and needs no network.
 *
 * @param say told, in a line each, what is being done; default: stderr
 * @throws {ToolsMissing} where it may not or cannot install
 * @throws {ProgramFailed} when apt-get fails
 */
export async function ensureSystemTools(
  tools: readonly ToolPackage[],
  {
    platform = thisPlatform(),
    say = (line: string) => void process.stderr.write(`${line}\n`),
    signal,
  }: { platform?: Platform; say?: (line: string) => void; signal?: AbortSignal } = {},
): Promise<void> {
  const { packages } = await missingTools(tools);
  if (packages.length === 0) return;
  if (platform.installer === 'apt' && platform.isRoot && (await findProgram('apt-get'))) {
    const env = proxyEnvironment(process.env);
    const options = { timeoutSeconds: INSTALL_SECONDS, env, ...(signal && { signal }) };
    say('Looking for packages: apt-get update ...');
    await runProgram('apt-get', ['-q', 'update'], { ...options, okExitCodes: [0, 100] }); // one dead mirror need not stop us
    say(`Installing ${packages.join(', ')} ...`);
    const quietly = ['-o', 'Dpkg::Options::=--force-confold', '-o', 'DPkg::Lock::Timeout=300'];
    await runProgram('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', ...quietly, '-q', '-y', '--no-install-recommends', 'install', ...packages], options); // prettier-ignore
  }
  await checkSystemTools(tools, platform);
}

async function missingTools(tools: readonly ToolPackage[]): Promise<{ packages: ToolPackage[]; programs: string[] }> {
  const needed = tools.flatMap((name) => TOOL_PACKAGES[name].programs.map((program) => ({ name, program })));
  const found = await Promise.all(needed.map(({ program }) => findProgram(program)));
  const missing = needed.filter((_, index) => !found[index]);
  return { packages: [...new Set(missing.map(({ name }) => name))], programs: missing.map(({ program }) => program) };
}
