/** Names of batches on sites: `batch_<organisation>_<keyword>_ver<NN>`, where the keyword may hold underscores (newspapers spec 5.6). */

export interface LiveBatchName {
  orgCode: string;
  keyword: string;
  version: number;
}

/** The parts of a name; undefined when it is built otherwise. */
export function parseLiveBatchName(name: string): LiveBatchName | undefined {
  const [, orgCode, keyword, version] = /^batch_([^_]+)_(.+)_ver(\d{2,})$/.exec(name) ?? [];
  if (orgCode === undefined || keyword === undefined || Number(version) < 1) return undefined;
  return { orgCode, keyword, version: Number(version) };
}
