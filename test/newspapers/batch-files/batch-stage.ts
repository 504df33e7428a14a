/** Batches of small real issues for tests: their pages are made once, by the real programs, and copied. */
import { createHash } from 'node:crypto';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { Locks } from '../../../src/coordination/locks.js';
import type { Done, Job, JobCall, JobContext } from '../../../src/engine/job.js';
import { isClutter } from '../../../src/files/clutter.js';
import { readFileSets, recordFiles } from '../../../src/files/fixity/file-records.js';
import { batchObject, theBatch, type Batch } from '../../../src/newspapers/batches/batches.js';
import { makeDerivatives } from '../../../src/newspapers/derivatives/derivatives.js';
import { findIssueById, issueObject, type Issue } from '../../../src/newspapers/issues.js';
import { buildMets } from '../../../src/newspapers/jobs/build-mets.js';
import { copyLive } from '../../../src/newspapers/jobs/copy-live.js';
import { createBatchStructure } from '../../../src/newspapers/jobs/create-batch-structure.js';
import { makeBatchXml } from '../../../src/newspapers/jobs/make-batch-xml.js';
import { validateBag } from '../../../src/newspapers/jobs/validate-bag.js';
import { writeBag } from '../../../src/newspapers/jobs/write-bag.js';
import { renameDirectory } from '../../../src/files/jobs.js';
import { setPageCount } from '../../../src/newspapers/pages.js';
import type { IssueKind } from '../../../src/newspapers/workflow-step.js';
import type { TestDatabase } from '../../support/database.js';
import { stripes, writePdf } from '../derivatives/documents.js';
import { givenIssue } from '../rows.js';

const JOBS = [buildMets, createBatchStructure, makeBatchXml, renameDirectory, writeBag, validateBag, copyLive];

/** Puts the one page of an issue of that kind into a directory: 0001.pdf, and of a scan 0001.tif. */
type WritePage = (kind: IssueKind, directory: string) => Promise<unknown>;

const smallPage: WritePage = async (kind, directory) => {
  await writePdf(join(directory, '0001.pdf'), { lines: [`a page of a ${kind} issue`] });
  if (kind === 'scan') await stripes(300, 400).tiff().toFile(join(directory, '0001.tif'));
};

/** One page of each kind, with its derivatives; call it once at the top of a test file. */
export function givenPages(writePage: WritePage = smallPage): Record<IssueKind, () => string> {
  let root = '';
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'batch pages '));
    for (const kind of ['borndigital', 'scan'] as const) {
      const directory = join(root, kind);
      mkdirSync(directory);
      await writePage(kind, directory);
      await makeDerivatives({
        ...{ directory, kind, dpi: 72, quality: 62.5, language: 'eng', log: pino({ level: 'silent' }) },
        share: (work) => work(),
        progress: { report: () => undefined },
        signal: new AbortController().signal,
      });
    }
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return { borndigital: () => join(root, 'borndigital'), scan: () => join(root, 'scan') };
}

export interface GivenBatch {
  batch: Batch;
  issues: Issue[];
  /** Where it is built, stands, and is copied to for the sites. */
  building: string;
  output: string;
  live: string;
  root: string;
}

export class BatchStage {
  constructor(
    readonly own: TestDatabase,
    private readonly pages: Record<IssueKind, () => string>,
  ) {}

  get db() {
    return this.own.database.kysely;
  }

  /** An issue in its directory, labelled and described, with its METS; every file recorded. */
  async issue(root: string, kind: IssueKind, pageCount: number, edition = 1): Promise<Issue> {
    const lccn = `sn${Math.floor(Math.random() * 1e8)}`;
    const { id, humanName } = await givenIssue(this.db, lccn, { kind, edition });
    const location = join(root, 'workflow', humanName);
    mkdirSync(location, { recursive: true });
    const source = this.pages[kind]();
    for (let page = 1; page <= pageCount; page++)
      for (const name of readdirSync(source))
        cpSync(join(source, name), join(location, name.replace('0001', String(page).padStart(4, '0'))));
    if (kind === 'borndigital') writeFileSync(join(location, 'original.tar'), 'the upload as it came');
    writeFileSync(join(location, '.manifest'), '{}');
    await setPageCount(this.db, id, pageCount);
    await this.db.updateTable('newspapers.pages').set({ label: '1' }).where('issue_id', '=', id).execute();
    const columns = { location, volume: '7', issue_number: '12' };
    await this.db.updateTable('newspapers.issues').set(columns).where('id', '=', id).execute();
    await this.run(buildMets({ issueId: id }));
    await this.record(id, location);
    return this.read(id);
  }

  async read(id: number): Promise<Issue> {
    const issue = await findIssueById(this.db, id);
    if (!issue) throw new Error('the issue is gone');
    return issue;
  }

  /** Records the files of an issue as they are. */
  async record(issueId: number, directory: string): Promise<void> {
    const names = readdirSync(directory).filter((name) => !isClutter(name));
    const files = names.map((path) => {
      return { path, size: lstatSync(join(directory, path)).size, sha256: sha256Of(join(directory, path)) };
    });
    const set = { object: issueObject(issueId), role: 'page', directory, pipelineId: null, files };
    await this.db.transaction().execute((trx) => recordFiles(trx, set));
  }

  /** A batch of a born-digital issue and a scan, of so many pages each. */
  async batch(pageCount = 1): Promise<GivenBatch> {
    const root = mkdtempSync(join(tmpdir(), 'batch '));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    const issues = [await this.issue(root, 'borndigital', pageCount), await this.issue(root, 'scan', pageCount)];
    const { org_id } = await this.db
      .selectFrom('newspapers.issues')
      .select('org_id')
      .where('id', '=', issues[0]?.id ?? 0)
      .executeTakeFirstOrThrow();
    const name = `K${Math.floor(Math.random() * 1e9)}BehindShrubs`;
    const { id } = await this.db
      .insertInto('newspapers.batches')
      .values({ org_id, name, full_name: `batch_mwa_20261122${name}_ver01` })
      .returning('id')
      .executeTakeFirstOrThrow();
    for (const issue of issues)
      await this.db.updateTable('newspapers.issues').set({ batch_id: id }).where('id', '=', issue.id).execute();
    const batch = await theBatch(this.db, id);
    return { batch, issues: issues.sort((a, b) => (a.key < b.key ? -1 : 1)), root, ...placesOf(root, batch.fullName) };
  }

  /** The jobs of MakeBatch that are ours, in their order. */
  jobs({ batch: { id: batchId }, building, output, live }: GivenBatch): JobCall[] {
    return [
      createBatchStructure({ batchId, location: building }),
      makeBatchXml({ batchId, location: building }),
      renameDirectory({ from: building, to: output, fixity: { object: batchObject(batchId) } }),
      writeBag({ batchId, location: output }),
      validateBag({ location: output }),
      copyLive({ batchId, from: output, to: live }),
    ];
  }

  /** Runs a job; unless told otherwise commits what it did, as the engine does. */
  async run(call: JobCall, { commit = true } = {}): Promise<Done | undefined> {
    const definition = JOBS.map((job) => (job as unknown as Job).definition).find(({ type }) => type === call.type); // of any arguments: they are parsed here
    if (!definition) throw new Error(`no job ${call.type}`);
    const signal = new AbortController().signal;
    const context: Partial<JobContext<unknown>> = {
      args: definition.args.parse(call.args),
      db: this.db,
      pipelineId: 1,
      decision: undefined,
      signal,
      locks: { withLock: (_name, work) => work(signal, 1) } as Locks,
      share: (work) => work(),
      progress: { report: () => undefined },
      log: pino({ level: 'silent' }),
    };
    const outcome = await definition.run(context as JobContext<unknown>);
    if (outcome?.kind === 'try_later') throw new Error(`try later: ${outcome.reason}`);
    if (outcome?.kind !== 'done') return undefined;
    if (commit) await this.db.transaction().execute(async (trx) => outcome.commit?.(trx));
    return outcome;
  }

  /** What is recorded of the batch: role, directory, and sum by path. */
  async records({ batch }: GivenBatch) {
    const sets = await readFileSets(this.db, batchObject(batch.id));
    return Object.fromEntries(
      sets.map(({ role, directory, files }) => [
        role,
        { directory, files: Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256])) },
      ]),
    );
  }
}

export function placesOf(root: string, fullName: string): Pick<GivenBatch, 'building' | 'output' | 'live'> {
  return {
    building: join(root, 'outgoing', `.wip-${fullName}`),
    output: join(root, 'outgoing', fullName),
    live: join(root, 'production', fullName),
  };
}

export const sha256Of = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** The sum of everything below a directory, by path; hidden files, too. */
export function sumsBelow(directory: string): Record<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort();
  return Object.fromEntries(paths.map((path) => [path, sha256Of(join(directory, path))]));
}

/** Flips one bit in the middle of a file, as a bad disk does; its size and times stay. */
export function rot(path: string): void {
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
