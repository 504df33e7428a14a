/**
 * Gives the pages of an issue their numbers: 0001, 0002 … in numeric order (spec 3.2.15, 5.3). No page is ever
 * overwritten (W8), and a run that was killed at any point is carried on by the next.
 *
 * A target may be another page's present name, so every page goes through a name of its own, `renumbering-0001.pdf`.
 * Before the first rename the plan is written down, because once names have changed they no longer tell the order; and
 * between the two rounds of renames the plan is turned to its second phase, because then a name like `0002.pdf` may be
 * what a page was called or what one is called now. None of these names begins with ".": clean_files deletes such.
 */
import { readFile, rename, rm } from 'node:fs/promises';
import { basename, join, parse } from 'node:path';
import { z } from 'zod';
import { FatalError } from '../engine/job.js';
import { existing, isThere } from './existing.js';
import { syncDirectory, writeFileSafely } from './land.js';
import { compareNumerically, listNumerically } from './list-numerically.js';
import { quoted } from './quoted.js';

const PLAN = 'renumbering.json';
const ON_THE_WAY = /^renumbering-\d{4}\.(pdf|tif)$/;
const NUMBERED = /^\d{4}\.(pdf|tif)$/;
const PAGE_EXTENSION = /^\.(pdf|tiff?)$/i;
const MOST_PAGES = 9999; // names have four digits

const plainName = z.string().refine((name) => basename(name) === name && !/^\.{0,2}$/.test(name)); // never a way out
const planSchema = z.object({
  /** 1: pages leave their old names; 2: pages take their new ones. */
  phase: z.union([z.literal(1), z.literal(2)]),
  renames: z.array(z.object({ from: plainName, way: z.string().regex(ON_THE_WAY), to: z.string().regex(NUMBERED) })),
});
type Plan = z.output<typeof planSchema>;

/** The pages cannot be numbered as they are: a person has to look. */
export class RenumberingRefused extends FatalError {
  override name = 'RenumberingRefused';
  constructor(directory: string, reason: string) {
    super(`The pages in ${quoted(directory)} cannot be numbered: ${reason}`);
  }
}

/**
 * Renames every .pdf, .tif and .tiff (in any case) to its number with four digits and `.pdf` or `.tif`. Files of equal
 * name up to the extension are one page. Other files are left alone. Running it again changes nothing.
 *
 * @returns the renames, for the log; empty when all pages had their numbers already
 * @throws {RenumberingRefused} when there are no pages or too many, when two files would get the same name, or when
 *   a page or the plan of a killed run was taken away
 */
export async function renumberPages(directory: string, signal?: AbortSignal): Promise<{ from: string; to: string }[]> {
  const begun = await readPlan(directory);
  if (begun) await carryOut(directory, begun, signal);
  const renames = planRenames(directory, await listNumerically(directory));
  if (renames.length > 0) {
    const plan: Plan = { phase: 1, renames };
    await writePlan(directory, plan);
    await carryOut(directory, plan, signal);
  }
  return [...(begun?.renames ?? []), ...renames].map(({ from, to }) => ({ from, to }));
}

/**
 * Which page gets which number: every .pdf, .tif and .tiff among the names, in their numeric order.
 *
 * @param directory for the error
 * @throws {RenumberingRefused}
 */
export function numberPages(directory: string, names: readonly string[]): Map<string, string> {
  const pages = names.filter((name) => !name.startsWith('.') && PAGE_EXTENSION.test(parse(name).ext));
  if (pages.length === 0) throw new RenumberingRefused(directory, 'there is no .pdf or .tif file in it');
  const stray = pages.find((name) => ON_THE_WAY.test(name));
  if (stray !== undefined) {
    throw new RenumberingRefused(
      directory,
      `${stray} is left of a renumbering whose plan (${PLAN}) is gone; give such pages names in their order, then requeue`,
    );
  }
  const numbers = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const from of [...pages].sort(compareNumerically)) {
    const { name: base, ext } = parse(from);
    const number = numbers.get(base) ?? String(numbers.size + 1).padStart(4, '0');
    numbers.set(base, number);
    const to = number + ext.toLowerCase().slice(0, 4);
    const other = taken.get(to);
    if (other !== undefined) {
      const both = `${quoted(other)} and ${quoted(from)}`;
      throw new RenumberingRefused(directory, `${both} would both become ${to}; remove or rename one, then requeue`);
    }
    taken.set(to, from);
  }
  if (numbers.size > MOST_PAGES)
    throw new RenumberingRefused(directory, `${numbers.size} pages, at most ${MOST_PAGES} are possible`);
  return new Map([...taken].map(([to, from]) => [from, to]));
}

/** Pages that have their names are left out: no two targets are equal, so nobody else takes it. */
function planRenames(directory: string, names: readonly string[]): Plan['renames'] {
  return [...numberPages(directory, names)]
    .filter(([from, to]) => to !== from)
    .map(([from, to]) => ({ from, way: `renumbering-${to}`, to }));
}

async function carryOut(directory: string, plan: Plan, signal?: AbortSignal): Promise<void> {
  if (plan.phase === 1) {
    for (const { from, way } of plan.renames) await take(directory, from, way, signal);
    await syncDirectory(directory);
    await writePlan(directory, { ...plan, phase: 2 });
  }
  for (const { way, to } of plan.renames) await take(directory, way, to, signal);
  await syncDirectory(directory);
  await rm(join(directory, PLAN));
  await syncDirectory(directory);
}

/** Renames one file unless a killed run has done it; never over another. */
async function take(directory: string, from: string, to: string, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const done = await existing(join(directory, to), 'file');
  // In phase 1 the way taken says all: a new file may have come under the old name. In phase 2 nothing may be in the way.
  if (done && (ON_THE_WAY.test(to) || !(await isThere(join(directory, from))))) return;
  if (done) {
    throw new RenumberingRefused(
      directory,
      `${to} was put there meanwhile; rename it to come where it belongs, then requeue`,
    );
  }
  if (!(await existing(join(directory, from), 'file'))) {
    throw new RenumberingRefused(directory, `${quoted(from)} was taken away meanwhile; put it back, then requeue`);
  }
  await rename(join(directory, from), join(directory, to));
}

async function readPlan(directory: string): Promise<Plan | undefined> {
  if (!(await existing(join(directory, PLAN), 'file'))) return undefined;
  try {
    return planSchema.parse(JSON.parse(await readFile(join(directory, PLAN), 'utf8')));
  } catch (error) {
    throw new RenumberingRefused(
      directory,
      `${PLAN} in it is no plan of ours (${String(error)}); remove it, then requeue`,
    );
  }
}

async function writePlan(directory: string, plan: Plan): Promise<void> {
  await writeFileSafely(join(directory, PLAN), JSON.stringify(plan));
}
