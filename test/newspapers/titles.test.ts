import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseLccn } from '../../src/newspapers/lccn.js';
import type { MarcRecord } from '../../src/newspapers/marc.js';
import { addOrg, listOrgs } from '../../src/newspapers/orgs.js';
import { addTitle, findTitle, listTitles } from '../../src/newspapers/titles.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let own: TestDatabase;
beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(() => own.drop());
beforeEach(() => own.database.pool.query('truncate newspapers.titles, newspapers.orgs cascade'));
const db = () => own.database.kysely;

const marc = (lccn: string, changes: Partial<MarcRecord> = {}): MarcRecord => ({
  lccn: parseLccn(lccn),
  title: 'The weekly journal.',
  place: 'Chicopee, Mass.',
  language: 'eng',
  ...changes,
});

describe('titles (newspapers spec 1.9)', () => {
  it('are added from a MARC record, which validates them', async () => {
    const { title, change } = await addTitle(db(), marc('sn93059126'));
    expect(change).toBe('added');
    expect(title).toMatchObject({
      lccn: 'sn93059126',
      name: 'The weekly journal.',
      location: 'Chicopee, Mass.',
      language: 'eng',
    });
    expect(title.validatedAt).toBeInstanceOf(Date);
    expect(await listTitles(db())).toEqual([title]);
  });

  it('are brought up to date by a newer record, and left alone by the same', async () => {
    const first = await addTitle(db(), marc('sn93059126'));
    const second = await addTitle(db(), marc('sn93059126', { title: 'The Chicopee journal.' }));
    expect(second).toMatchObject({ change: 'updated', title: { id: first.title.id, name: 'The Chicopee journal.' } });
    expect(await addTitle(db(), marc('sn93059126', { title: 'The Chicopee journal.' }))).toEqual({
      title: second.title,
      change: 'unchanged',
    });
  });

  it('are not valid without a place, and are shown under the name that was entered', async () => {
    await addTitle(db(), marc('sn1'));
    await db().updateTable('newspapers.titles').set({ name: 'Our journal' }).execute();
    const { title, change } = await addTitle(db(), marc('sn1', { place: null, title: 'Journal /' }));
    expect(title).toMatchObject({ name: 'Our journal', validatedAt: null });
    expect(change).toBe('updated');
    expect((await addTitle(db(), marc('sn1'))).title).toMatchObject({ name: 'The weekly journal.' });
  });

  it('count as English where the record names no language', async () => {
    expect((await addTitle(db(), marc('sn1', { language: null }))).title.language).toBe('eng');
  });

  it('are found by LCCN or SFTP user, LCCN first', async () => {
    await addTitle(db(), marc('sn1'), { sftpUser: 'chicopee' });
    await addTitle(db(), marc('sn2'));
    expect(await findTitle(db(), 'sn1')).toMatchObject({ lccn: 'sn1', sftpUser: 'chicopee' });
    expect(await findTitle(db(), 'chicopee')).toMatchObject({ lccn: 'sn1' });
    expect(await findTitle(db(), 'nobody')).toBeUndefined();
    await db().updateTable('newspapers.titles').set({ sftp_user: 'sn2' }).where('lccn', '=', 'sn1').execute();
    expect(await findTitle(db(), 'sn2')).toMatchObject({ lccn: 'sn2' });
  });

  it('keep SFTP user and organisation when a record brings them up to date', async () => {
    await addOrg(db(), 'mwa', 'American Antiquarian Society');
    await addTitle(db(), marc('sn1'), { sftpUser: 'chicopee', orgCode: 'mwa' });
    expect((await addTitle(db(), marc('sn1', { title: 'New' }))).title).toMatchObject({
      sftpUser: 'chicopee',
      orgCode: 'mwa',
    });
  });

  it('never share the name of an upload directory', async () => {
    await addTitle(db(), marc('sn1'), { sftpUser: 'chicopee' });
    await expect(addTitle(db(), marc('sn2'), { sftpUser: 'chicopee' })).rejects.toThrow(/already names the title sn1/);
    await expect(addTitle(db(), marc('sn2'), { sftpUser: 'sn1' })).rejects.toThrow(/already names the title sn1/);
    await addTitle(db(), marc('sn1'), { sftpUser: 'chicopee' });
  });

  it.each(['..', '.', 'a/b', 'a\nb', ''])('refuse %j as SFTP user: it must name a directory', async (sftpUser) => {
    await expect(addTitle(db(), marc('sn1'), { sftpUser })).rejects.toThrow(/cannot be an SFTP user/);
    await expect(
      db().insertInto('newspapers.titles').values({ lccn: 'sn1', name: 'x', sftp_user: sftpUser }).execute(),
    ).rejects.toThrow(/titles_sftp_user_check/);
  });

  it('refuse an organisation that nobody added', async () => {
    await expect(addTitle(db(), marc('sn1'), { orgCode: 'oru' })).rejects.toThrow(
      /no organisation "oru".*bin\/orgs add/,
    );
  });
});

describe('organisations', () => {
  it('are added, renamed and listed by code', async () => {
    expect(await addOrg(db(), 'oru', 'University of Oregon')).toMatchObject({ change: 'added', org: { code: 'oru' } });
    expect(await addOrg(db(), 'oru', 'University of Oregon')).toMatchObject({ change: 'unchanged' });
    expect(await addOrg(db(), 'oru', ' University of Oregon Libraries ')).toMatchObject({ change: 'updated' });
    await addOrg(db(), 'mwa', 'American Antiquarian Society');
    expect((await listOrgs(db())).map(({ code, name }) => `${code}: ${name}`)).toEqual([
      'mwa: American Antiquarian Society',
      'oru: University of Oregon Libraries',
    ]);
  });

  it.each([
    ['../oru', 'a name'],
    ['o_ru', 'a name'],
    ['', 'a name'],
    ['oru', ' '],
  ])('refuse code %j with name %j', async (code, name) => {
    await expect(addOrg(db(), code, name)).rejects.toThrow(/is no MARC organisation code|needs a name/);
  });
});
