import { sql } from 'kysely';
import { Fields } from './fields.js';
import type { ImportWork } from './import-work.js';
import { recordsOf } from './records.js';

/** By MARC organisation code, our number; 0 for one that cannot be taken over: what refers to it is not wrong. */
export type OrgIds = ReadonlyMap<string, number>;

/** Organisations, NCA's mocs; one that is here gets NCA's name. */
export async function importOrgs({ trx, stage, bad, written, signal }: ImportWork): Promise<OrgIds> {
  const orgs = new Map<string, { code: string; name: string }>();
  const seen = new Map<string, number>();
  for await (const rows of stage.rows('mocs', signal))
    for (const row of rows) {
      const fields = new Fields(bad, 'mocs', row);
      const code = fields.required('code');
      seen.set(code ?? '', 0);
      const name = fields.required('name')?.trim();
      // The rule of the check constraint of newspapers.orgs.
      if (code !== undefined && !/^[A-Za-z0-9-]{1,50}$/.test(code))
        fields.refuse('code', 'a MARC organisation code has letters, digits and hyphens only');
      if (code !== undefined && orgs.has(code)) fields.refuse('code', 'another row has this code, too');
      if (fields.isGood && code !== undefined && name !== undefined) orgs.set(code, { code, name });
    }
  const ids = await sql<{ id: number; code: string }>`
    insert into newspapers.orgs (code, name)
    select code, name from ${recordsOf([...orgs.values()], 'code text, name text')} r order by ordinality
    on conflict (code) do update set name = excluded.name
    returning id, code`.execute(trx);
  written.mocs = ids.rows.length;
  for (const { code, id } of ids.rows) seen.set(code, id);
  return seen;
}
