import { sql, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import { formatEmbargo, InvalidEmbargo, isNoEmbargo, parseEmbargo } from '../embargo.js';
import { InvalidLccn, parseLccn } from '../lccn.js';
import { listed } from '../listed.js';
import { Fields } from './fields.js';
import type { ImportWork } from './import-work.js';
import { recordsOf } from './records.js';

/** By LCCN, our number; 0 for one that cannot be taken over: what refers to it is not wrong. */
export type TitleIds = ReadonlyMap<string, number>;

const COLUMNS =
  'lccn text, name text, marc_title text, marc_location text, language text, rights text, embargo text, sftp_user text, validated boolean';

/**
 * Titles; one that is here becomes what NCA says, but keeps what a MARC record told of it, and its organisation. SFTP
 * passwords are not taken over.
 */
export async function importTitles({ trx, stage, bad, written, notices, signal }: ImportWork): Promise<TitleIds> {
  const titles = new Map<string, NonNullable<ReturnType<typeof readTitle>>>();
  const names = await takenNames(trx);
  const seen = new Map<string, number>();
  const unvalidated: string[] = [];
  for await (const rows of stage.rows('titles', signal))
    for (const values of rows) {
      const fields = new Fields(bad, 'titles', values);
      const lccn = fields.raw('lccn');
      seen.set(lccn, 0);
      if (titles.has(lccn)) fields.refuse('lccn', 'another row has this LCCN, too');
      for (const column of ['lccn', 'sftp_user'] as const) {
        const name = fields.text(column);
        if (name === null) continue;
        const other = names.get(name) ?? lccn;
        if (other !== lccn) fields.refuse(column, `upload directories of that name are those of the title ${other}`);
        names.set(name, lccn);
      }
      const title = readTitle(fields);
      if (!title) continue;
      titles.set(lccn, title);
      if (fields.raw('valid_lccn') === '1' && !title.validated) unvalidated.push(lccn);
    }
  const ids = await sql<{ id: number; lccn: string }>`
    insert into newspapers.titles as t (lccn, name, marc_title, marc_location, language, rights, embargo, sftp_user, validated_at)
    select lccn, name, marc_title, marc_location, language, rights, embargo, sftp_user, case when validated then now() end
    from ${recordsOf([...titles.values()], COLUMNS)} r order by ordinality
    on conflict (lccn) do update set name = excluded.name, rights = excluded.rights, embargo = excluded.embargo,
      sftp_user = excluded.sftp_user, marc_title = coalesce(t.marc_title, excluded.marc_title),
      marc_location = coalesce(t.marc_location, excluded.marc_location), language = coalesce(t.language, excluded.language),
      validated_at = coalesce(t.validated_at, excluded.validated_at)
    returning id, lccn`.execute(trx);
  written.titles = ids.rows.length;
  if (unvalidated.length > 0)
    notices.push(
      `${unvalidated.length} titles count as not validated, as NCA has no MARC title or place of them: ${listed(unvalidated)}; "bin/titles add --marc FILE" mends it, and none of their issues is batched before`,
    );
  for (const { lccn, id } of ids.rows) seen.set(lccn, id);
  return seen;
}

/** What upload directories are called here already, and which title's they are (newspapers spec 1.9). */
async function takenNames(trx: Transaction<DB>): Promise<Map<string, string>> {
  const titles = await trx.selectFrom('newspapers.titles').select(['lccn', 'sftp_user']).execute();
  const names = titles.flatMap(({ lccn, sftp_user: user }): [string, string][] => [
    [lccn, lccn],
    ...(user === null ? [] : [[user, lccn] satisfies [string, string]]),
  ]);
  return new Map(names);
}

function readTitle(fields: Fields<'titles'>) {
  const lccn = readLccn(fields);
  const name = fields.required('name');
  const [marcTitle, marcLocation] = [fields.text('marc_title'), fields.text('marc_location')];
  const language = fields.text('lang_code3')?.toLowerCase() ?? null;
  if (language !== null && !/^[a-z]{3}$/.test(language))
    fields.refuse('lang_code3', 'it must be a language code of three letters');
  const user = fields.text('sftp_user');
  // The rule of the check constraint of newspapers.titles.
  if (user !== null && (/[/\p{Cc}]/u.test(user) || user === '.' || user === '..'))
    fields.refuse('sftp_user', 'it must be able to name a directory');
  const embargo = readEmbargo(fields);
  const isValid = fields.flag('valid_lccn');
  if (!fields.isGood || lccn === undefined) return undefined;
  return {
    lccn,
    name,
    marc_title: marcTitle,
    marc_location: marcLocation,
    language,
    rights: fields.text('rights'),
    embargo,
    sftp_user: user,
    validated: isValid === true && marcTitle !== null && marcLocation !== null,
  };
}

/** Issues and directories name it as it stands: it must not need any change. */
function readLccn(fields: Fields<'titles'>): string | undefined {
  const text = fields.raw('lccn');
  let isRight = false;
  try {
    isRight = parseLccn(text) === text;
  } catch (error) {
    if (!(error instanceof InvalidLccn)) throw error;
  }
  return fields.known('lccn', isRight ? text : undefined, 'it is no LCCN: letters and digits only, at most 20 of them');
}

/** In the normal form; null when there is none. */
function readEmbargo(fields: Fields<'titles'>): string | null {
  try {
    const period = parseEmbargo(fields.raw('embargo_period'));
    return isNoEmbargo(period) ? null : formatEmbargo(period);
  } catch (error) {
    if (!(error instanceof InvalidEmbargo)) throw error;
    fields.refuse('embargo_period', error.reason);
    return null;
  }
}
