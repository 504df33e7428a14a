/** What is delivered to a chaos world: tracks of issues, each of an organisation of its own, so that each goes its way whatever the others do. */
import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ALDER_LANDING_BEACON, PORT_MERROW_LEDGER } from '../../src/newspapers/samples/sample-titles.js';
import { makeSampleUploads } from '../../src/newspapers/samples/uploads.js';
import type { OwnWorld } from './world.js';

export interface Track {
  org: string;
  bornDigital: string;
  scan: string;
  /** `LCCN/YYYYMMDDEE` of all its issues that come to a batch. */
  keys: readonly string[];
  /** Its metadata is rejected once; in quality control it is flagged once. */
  troubled: string;
  /** It is taken out of a live batch, out of the next by quality control, and then out of the workflow. */
  patched?: string;
  /** Its intake fails, as it has one page only, and its upload is given back. */
  mistaken?: string;
  /** As the mistaken, but taken out of the workflow as dead, when all others have arrived. */
  dead?: string | undefined;
  /** What becomes of its batches, in their order. */
  batches: readonly BatchLife[];
}

/** What people do about a batch. */
export interface BatchLife {
  /** The issue that quality control flags; none: it is approved at once. */
  flag?: 'troubled' | 'patched';
  /** What is done once it is flagged: built anew without it and approved, or taken apart. */
  then?: 'finalize' | 'undo';
  /** What is done with it when it is live. */
  live?: 'archived' | 'patch' | 'unpush';
}

/** One batch, and the flagged issue waits for another. */
const SHORT: readonly BatchLife[] = [{ flag: 'troubled', then: 'finalize', live: 'archived' }];

/** Every turn that a batch can take. */
const LONG: readonly BatchLife[] = [
  { flag: 'troubled', then: 'finalize', live: 'patch' },
  { live: 'archived' }, // its next version
  { flag: 'patched', then: 'undo' },
  { live: 'unpush' },
  { live: 'archived' }, // made by queue-batches --redo
];

export interface RoadOptions {
  tracks: number;
  isLong: boolean;
  /** A directory laid out as for the demo: `born-digital/`, `scans/`, `marc/`. A further track of real issues. */
  from?: string | undefined;
}

/** How long a person tries to queue an upload. */
const TRIES = 60;

/** Lays out the uploads of all tracks: nothing is queued yet. */
export async function deliver(world: OwnWorld, { tracks, isLong, from }: RoadOptions): Promise<Track[]> {
  const delivered: Track[] = [];
  for (let at = 0; at < tracks; at++) delivered.push(await deliverSamples(world, at, isLong));
  if (from !== undefined) delivered.push(await deliverReal(world, from, isLong));
  return delivered;
}

async function deliverSamples({ places }: OwnWorld, at: number, isLong: boolean): Promise<Track> {
  const org = `org${at + 1}`;
  const [bornDigital, scan] = [`sn8800${at}001`, `sn8800${at}002`];
  const make = async (edition: number, pages: number) => {
    const made = await makeSampleUploads({
      pdfUploadPath: places.pdfUploads,
      scanUploadPath: places.scanUploads,
      marcDirectory: places.marc,
      orgCode: org,
      seed: `${at + 1}.${edition}`,
      bornDigital: { title: { ...ALDER_LANDING_BEACON, lccn: bornDigital }, pages, date: `2024-03-0${edition}` },
      scan: { title: { ...PORT_MERROW_LEDGER, lccn: scan }, pages: 2, dpi: 100, edition },
    });
    return [...made.bornDigital, ...made.scans].map(
      (each) => `${each.lccn}/${each.date.replaceAll('-', '')}0${each.edition}`,
    );
  };
  const [good = '', first = ''] = await make(1, 2);
  if (!isLong) return { org, bornDigital, scan, keys: [good, first], troubled: first, batches: SHORT };
  const [mistaken = '', second = ''] = await make(2, 1);
  const [dead = '', third = ''] = await make(3, 1);
  return {
    ...{ org, bornDigital, scan, mistaken, dead, batches: LONG },
    ...{ keys: [good, first, second, third], patched: second, troubled: third },
  };
}

/** Real issues of one title, one of them born-digital and scanned: the scan becomes the second edition. */
async function deliverReal({ places }: OwnWorld, from: string, isLong: boolean): Promise<Track> {
  const [org = ''] = await readdir(join(from, 'scans'));
  const [lccn = ''] = await readdir(join(from, 'scans', org));
  const keys: string[] = [];
  for (const date of await readdir(join(from, 'born-digital', lccn))) {
    await mkdir(join(places.pdfUploads, lccn), { recursive: true });
    await cp(join(from, 'born-digital', lccn, date), join(places.pdfUploads, lccn, date), { recursive: true });
    keys.push(`${lccn}/${date.replaceAll('-', '')}01`);
  }
  for (const date of await readdir(join(from, 'scans', org, lccn))) {
    const directory = join(places.scanUploads, org, lccn);
    await mkdir(directory, { recursive: true });
    await cp(join(from, 'scans', org, lccn, date), join(directory, `${date}_02`), { recursive: true });
    keys.push(`${lccn}/${date.replaceAll('-', '')}02`);
  }
  await cp(join(from, 'marc', `${lccn}.xml`), join(places.marc, `${lccn}.xml`));
  const [patched = '', troubled = ''] = [keys[0], keys.at(-1)];
  return {
    ...{ org, bornDigital: lccn, scan: lccn, keys, troubled },
    ...(isLong ? { patched, batches: LONG } : { batches: SHORT }),
  };
}

/** All that are uploaded. */
export const allKeys = ({ keys, mistaken, dead }: Track): string[] =>
  [...keys, mistaken, dead].filter((key) => key !== undefined);

/**
 * Makes organisations and titles known and queues every upload, whatever fails meanwhile: until it is there.
 *
 * @throws Error with what the program said last
 */
export async function queueAll(world: OwnWorld, tracks: readonly Track[]): Promise<void> {
  for (const { org } of tracks)
    await until(world, `select from newspapers.orgs where code = $1`, [org], 1, ['orgs', 'add', org, `Library ${org}`]);
  const titles = new Set(tracks.flatMap(({ bornDigital, scan }) => [bornDigital, scan]));
  await until(world, 'select from newspapers.titles', [], titles.size, ['titles', 'add', '--marc', world.places.marc]);
  for (const { org, bornDigital } of tracks) {
    const isOf = `select from newspapers.titles t join newspapers.orgs o on o.id = t.org_id where t.lccn = $1 and o.code = $2`;
    await until(world, isOf, [bornDigital, org], 1, ['titles', 'set', bornDigital, '--org', org]);
  }
  for (const track of tracks) {
    const { bornDigital, scan } = track;
    for (const [type, lccn] of [
      ['borndigital', bornDigital],
      ['scan', scan],
    ] as const) {
      const queued = `select from newspapers.issues i join newspapers.titles t on t.id = i.title_id where i.kind = $1 and t.lccn = $2`;
      const isKind = (key: string) =>
        key.startsWith(`${lccn}/`) && (bornDigital !== scan || key.endsWith('02') === (type === 'scan'));
      await until(world, queued, [type, lccn], allKeys(track).filter(isKind).length, [
        ...['bulk-queue', '--type', type, '--key', lccn],
      ]);
    }
  }
}

async function until(
  world: OwnWorld,
  query: string,
  values: readonly unknown[],
  count: number,
  [program = '', ...args]: readonly string[],
): Promise<void> {
  let said = '';
  for (let tries = 0; tries < TRIES; tries++) {
    const there = await world.look(query, values);
    if (there && there.length >= count) return;
    if (there) {
      const { code, text } = await world.run(program, ...args);
      said = text;
      if (code !== 0) world.log(`people: ${program} ended with ${String(code)}: ${text.trim().slice(0, 300)}`);
    } else await sleep(500);
  }
  throw new Error(`${program} ${args.join(' ')} never came about: ${said}`);
}
