/** What the database knows of the files of an object: which there are, where they lie, and their sums (design 5, W17). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import type { PipelineObject } from '../../engine/pipeline.js';

/** A file as it must be. */
export interface FileRecord {
  /** Below the directory of its set, with "/". */
  path: string;
  /** Bytes. */
  size: number;
  /** In lower-case hex. */
  sha256: string;
}

/** A record with its history. */
export interface KeptRecord extends FileRecord {
  recordedAt: Date;
  /** That took the sum; null when a person accepted the file. */
  pipelineId: number | null;
}

/** The files of an object that lie together for one purpose. */
export interface FileSet {
  id: number;
  /** E.g. "original", "page", "derivative". */
  role: string;
  /** Absolute. */
  directory: string;
  /** In the order of their paths. */
  files: KeptRecord[];
}

/** The sets of an object, of all its places or of one directory. */
export async function readFileSets(db: Kysely<DB>, object: PipelineObject, directory?: string): Promise<FileSet[]> {
  const sets = await db
    .selectFrom('file_sets')
    .select(['id', 'role', 'directory'])
    .where('object_type', '=', object.type)
    .where('object_id', '=', object.id)
    .$if(directory !== undefined, (query) => query.where('directory', '=', directory ?? ''))
    .orderBy('role')
    .execute();
  const files = await readFiles(
    db,
    sets.map(({ id }) => id),
  );
  return sets.map((set) => ({ ...set, files: files.get(set.id) ?? [] }));
}

/** The set of one role that lies in a directory, if there is one. */
export async function readFileSet(
  db: Kysely<DB>,
  object: PipelineObject,
  directory: string,
  role: string,
): Promise<FileSet | undefined> {
  return (await readFileSets(db, object, directory)).find((set) => set.role === role);
}

/** Whether sets, in the same order, hold the same files in the same places. */
export function sameFileSets(one: readonly SetOfFiles[], other: readonly SetOfFiles[]): boolean {
  const told = (sets: readonly SetOfFiles[]) =>
    JSON.stringify(
      sets.map(({ role, directory, files }) => [role, directory, files.map(({ path, sha256 }) => [path, sha256])]),
    );
  return told(one) === told(other);
}

type SetOfFiles = Pick<FileSet, 'role' | 'directory' | 'files'>;

/** The files of many sets, by the number of the set. */
export async function readFiles(db: Kysely<DB>, setIds: readonly number[]): Promise<Map<number, KeptRecord[]>> {
  const bySet = new Map<number, KeptRecord[]>();
  if (setIds.length === 0) return bySet;
  const rows = await db
    .selectFrom('files')
    .select(['set_id', 'path', 'size', 'recorded_at as recordedAt', 'pipeline_id as pipelineId'])
    .select(sql<string>`encode(sha256, 'hex')`.as('sha256'))
    .where('set_id', '=', sql<number>`any(${setIds})`)
    .orderBy('set_id')
    .orderBy('path')
    .execute();
  for (const { set_id: id, ...file } of rows) {
    const files = bySet.get(id);
    if (files) files.push(file);
    else bySet.set(id, [file]);
  }
  return bySet;
}

export interface NewFileSet {
  object: PipelineObject;
  role: string;
  directory: string;
  /** That took the sums; null when a person accepted them. */
  pipelineId: number | null;
  /** Those that bring their history along keep it. */
  files: readonly (FileRecord | KeptRecord)[];
}

/** Says which files a set holds from now on; what it held before is forgotten. */
export async function recordFiles(trx: Transaction<DB>, set: NewFileSet): Promise<void> {
  const { id } = await trx
    .insertInto('file_sets')
    .values({
      object_type: set.object.type,
      object_id: set.object.id,
      role: set.role,
      directory: set.directory,
    })
    .onConflict((conflict) =>
      conflict.columns(['object_type', 'object_id', 'role']).doUpdateSet({ directory: set.directory }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  await trx.deleteFrom('files').where('set_id', '=', id).execute();
  const rows = set.files.map((file) => ({ pipelineId: set.pipelineId, ...file }));
  await sql`
    insert into files (set_id, path, size, sha256, recorded_at, pipeline_id)
    select ${id}, f.path, f.size, decode(f.sha256, 'hex'), coalesce(f."recordedAt", now()), f."pipelineId"
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as f (path text, size bigint, sha256 text, "recordedAt" timestamptz, "pipelineId" bigint)`.execute(trx);
}

/** The files of an object that lay in one directory lie in another now. */
export async function relocateFiles(trx: Transaction<DB>, object: PipelineObject, from: string, to: string) {
  await trx
    .updateTable('file_sets')
    .set({ directory: to })
    .where('object_type', '=', object.type)
    .where('object_id', '=', object.id)
    .where('directory', '=', from)
    .execute();
}

/** The object has no files any more. */
export async function forgetFiles(trx: Transaction<DB>, object: PipelineObject): Promise<void> {
  await trx.deleteFrom('file_sets').where('object_type', '=', object.type).where('object_id', '=', object.id).execute();
}

/** Many objects of one type have no files of that role any more. */
export async function forgetFileSets(
  trx: Transaction<DB>,
  objectType: string,
  objectIds: readonly number[],
  role: string,
): Promise<void> {
  await trx
    .deleteFrom('file_sets')
    .where('object_type', '=', objectType)
    .where('object_id', '=', sql<number>`any(${objectIds})`)
    .where('role', '=', role)
    .execute();
}
