/** Which package brings which outside program, and the line that installs it: words for error messages and for `ensureSystemTools`. */
import { existsSync, readFileSync } from 'node:fs';

/** The packages Pressmark's programs come from, under their Debian names (design 12). Those after Ghostscript serve tests only. */
export const TOOL_PACKAGES = {
  qpdf: { programs: ['qpdf'], dnf: 'qpdf', brew: 'qpdf' },
  'poppler-utils': { programs: ['pdftoppm', 'pdftotext', 'pdfinfo'], dnf: 'poppler-utils', brew: 'poppler' },
  'libopenjp2-tools': { programs: ['opj_compress', 'opj_decompress'], dnf: 'openjpeg2-tools', brew: 'openjpeg' },
  ghostscript: { programs: ['gs'], dnf: 'ghostscript', brew: 'ghostscript' },
  'libxml2-utils': { programs: ['xmllint'], dnf: 'libxml2', brew: 'libxml2' },
  'redis-server': { programs: ['redis-server'], dnf: 'redis', brew: 'redis' },
  openssl: { programs: ['openssl'], dnf: 'openssl', brew: 'openssl' },
  'postgresql-client': { programs: ['psql'], dnf: 'postgresql', brew: 'libpq' },
  pgbouncer: { programs: ['pgbouncer'], dnf: 'pgbouncer', brew: 'pgbouncer' },
  iproute2: { programs: ['ip'], dnf: 'iproute', brew: 'iproute2mac' },
  systemd: { programs: ['systemd-analyze', 'systemd-notify'], dnf: 'systemd', brew: 'systemd' },
} as const satisfies Record<string, { programs: readonly string[]; dnf: string; brew: string }>;

export type ToolPackage = keyof typeof TOOL_PACKAGES;

export type PackageInstaller = 'apt' | 'dnf' | 'brew';

/** What decides how a package is installed here. */
export interface Platform {
  /** The system's own installer, if it is one we know. */
  installer: PackageInstaller | undefined;
  isRoot: boolean;
}

/** The machine we run on: by `/etc/os-release` (ID, ID_LIKE) on Linux, Homebrew on macOS. */
export function thisPlatform(): Platform {
  return { installer: thisInstaller(), isRoot: process.getuid?.() === 0 };
}

function thisInstaller(): PackageInstaller | undefined {
  if (process.platform === 'darwin') return 'brew';
  if (!existsSync('/etc/os-release')) return undefined;
  const families = /^(?:ID|ID_LIKE)=(.*)$/gm;
  const words = [...readFileSync('/etc/os-release', 'utf8').matchAll(families)].flatMap(([, names]) =>
    (names ?? '').replaceAll(/["']/g, '').split(/\s+/),
  );
  if (words.some((word) => word === 'debian' || word === 'ubuntu')) return 'apt';
  if (words.some((word) => word === 'fedora' || word === 'rhel')) return 'dnf';
  return undefined;
}

/** The Debian name of the package that brings a program; undefined for a program that is none of Pressmark's tools. */
export function packageOf(program: string): ToolPackage | undefined {
  const entries = Object.entries(TOOL_PACKAGES) as [ToolPackage, { programs: readonly string[] }][];
  return entries.find(([, { programs }]) => programs.includes(program))?.[0];
}

/**
 * What a person types to install the packages.
 *
 * @example
 * installLine(['qpdf', 'poppler-utils'], { installer: 'apt', isRoot: false });
 * // 'sudo apt-get update && sudo apt-get install -y qpdf poppler-utils'
 */
export function installLine(packages: readonly ToolPackage[], { installer, isRoot }: Platform): string {
  const sudo = isRoot ? '' : 'sudo ';
  const named = (key: 'dnf' | 'brew') => packages.map((name) => TOOL_PACKAGES[name][key]).join(' ');
  switch (installer) {
    case 'apt':
      return `${sudo}apt-get update && ${sudo}apt-get install -y ${packages.join(' ')}`;
    case 'dnf':
      return `${sudo}dnf install -y ${named('dnf')}`;
    case 'brew':
      return `brew install ${named('brew')}`;
    case undefined:
      return `install these with your system's own installer (Debian's names): ${packages.join(' ')}`;
  }
}
