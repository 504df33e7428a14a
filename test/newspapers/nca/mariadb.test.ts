/** Against a real MariaDB and what its own mariadb-dump writes; skipped where none is installed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeThreads } from '../../../src/files/threads.js';
import { dumpSource } from '../../../src/newspapers/nca/dump/read-dump.js';
import { importNca } from '../../../src/newspapers/nca/import-nca.js';
import { mysqlSource } from '../../../src/newspapers/nca/mysql-source.js';
import { NCA_TABLE_NAMES, NCA_TABLES, type NcaSource, type NcaTable, type NcaValue } from '../../../src/newspapers/nca/tables.js'; // prettier-ignore
import { testSettings } from '../../engine/support.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { hasMariaDb, startMariaDb, type MariaDb } from './mariadb.js';
import { wholeRow, type Site } from './nca-tables.js';
import { makePageReview, sampleSite } from './sample-site.js';

/** Every character that has an escape, and some that have none. */
const WILD = `\0\b\t\n\r\x1a\\'"%_\`;-- /* */ é ß 漢字 🎈 \u241f`;

async function collect(source: NcaSource): Promise<Record<NcaTable, NcaValue[][]>> {
  const tables = Object.fromEntries(NCA_TABLE_NAMES.map((table) => [table, [] as NcaValue[][]]));
  for await (const { table, rows } of source.read()) tables[table]?.push(...rows);
  return tables as Record<NcaTable, NcaValue[][]>; // all names
}

/** Of jobs a server tells only the open ones, of which the sample has none. */
const expected = (site: Site, { jobs = true } = {}) =>
  Object.fromEntries(
    NCA_TABLE_NAMES.map((table) => [
      table,
      site[table]
        .filter(() => jobs || table !== 'jobs')
        .map((row) => wholeRow(table, row))
        .map((row) =>
          NCA_TABLES[table].map((column) => (row[column] == null ? null : inServersWords(column, row[column]))),
        ),
    ]),
  );

/** The times of the tables have no fractions of a second. */
const inServersWords = (column: string, value: string | number): string =>
  column.endsWith('_at') ? String(value).replace(/\.\d+$/, '') : String(value);

describe.skipIf(!hasMariaDb)('a real MariaDB', () => {
  let own: TestDatabase;
  let server: MariaDb;
  let area: string;
  let site: Site;
  beforeAll(async () => {
    [own, server] = await Promise.all([createTestDatabase(), startMariaDb()]);
  });
  afterAll(async () => {
    await closeThreads();
    await Promise.all([own.drop(), server.stop()]);
  });
  beforeEach(async () => {
    await own.database.pool.query('truncate newspapers.titles, newspapers.orgs, newspapers.batches, users, pipelines, events, file_sets restart identity cascade'); // prettier-ignore
    area = await temporaryDirectory();
    await makePageReview(area);
    site = sampleSite(area);
    await server.fill(site);
  });

  const bring = (source: NcaSource) =>
    importNca(own.database.kysely, source, { settings: testSettings, actor: 'sys', dryRun: false });

  const kept = async (text: string): Promise<NcaSource> => {
    const file = join(area, 'nca.sql.gz');
    await writeFile(file, gzipSync(text));
    return dumpSource(file);
  };

  it.each([
    ['as it is', ['nca']],
    ['with --databases', ['--databases', 'nca']],
    ['with --hex-blob and --complete-insert', ['--hex-blob', '--complete-insert', 'nca']],
    ['with a row an INSERT', ['--skip-extended-insert', 'nca']],
    ['without comments', ['--skip-comments', '--routines', 'nca']],
    ['--compact', ['--compact', 'nca']],
    ['with --single-transaction --order-by-primary', ['--single-transaction', '--order-by-primary', 'nca']],
  ])('is read from its dump, %s', async (_how, args) => {
    expect(await collect(await kept(await server.dump(...args)))).toEqual(expected(site));
  });

  it('is read from dumps of each table, one after the other, as export-db.sh makes them', async () => {
    const tables = [...NCA_TABLE_NAMES, 'audit_logs'].sort();
    const parts: string[] = [];
    for (const table of tables)
      parts.push(
        await server.dump('--no-data', 'nca', table),
        await server.dump('--no-create-info', ...(table === 'jobs' ? ['--where=created_at > NOW() - INTERVAL 1 MONTH'] : []), 'nca', table), // prettier-ignore
      );
    expect(await collect(await kept(parts.join('')))).toEqual(expected(site, { jobs: false })); // none is so young
  });

  it('is read as it runs', async () => {
    expect(await collect(mysqlSource(server.address))).toEqual(expected(site, { jobs: false }));
  });

  it('gives every character back, from the dump and as it runs', async () => {
    site.actions = [
      { id: 1, object_type: 'issue', object_id: 10, action_type: 'user-comment', user_id: 2, message: WILD },
    ];
    await server.fill(site);
    for (const source of [await kept(await server.dump('nca')), mysqlSource(server.address)])
      expect((await collect(source)).actions).toEqual([['1', null, 'issue', '10', 'user-comment', '2', WILD]]);
  });

  it('refuses a dump in another character set, and times in an unknown time zone', async () => {
    const latin1 = await kept(await server.dump('--default-character-set=latin1', 'nca'));
    await expect(collect(latin1)).rejects.toThrow(/texts are in latin1/);
    await server.query('ALTER TABLE nca.actions MODIFY created_at timestamp NULL');
    const local = await kept(await server.dump('--skip-tz-utc', 'nca'));
    await expect(collect(local)).rejects.toThrow(/times of actions\.created_at are in no known time zone.*--tz-utc/);
    expect((await collect(await kept(await server.dump('nca')))).actions).toEqual(expected(site)['actions']);
  });

  it('is the same site here, whether it came by dump or as it runs', async () => {
    const tables = ['newspapers.orgs', 'newspapers.titles', 'users', 'newspapers.batches', 'newspapers.issues', 'newspapers.pages', 'newspapers.flagged_issues', 'events']; // prettier-ignore
    const everything = async () =>
      Object.fromEntries(
        await Promise.all(
          tables.map(async (table) => {
            const { rows } = await own.database.pool.query<{ row: object }>(`
              select to_jsonb(t) - 'created_at' - 'validated_at' - 'deactivated_at' - 'pipeline_id' - case when t::text like '%imported%' then 'at' else '' end as row
              from ${table} t order by 1`);
            return [table, rows.map(({ row }) => row)] as const;
          }),
        ),
      );
    const byDump = await bring(await kept(await server.dump('nca')));
    const first = await everything();
    await own.database.pool.query('truncate newspapers.titles, newspapers.orgs, newspapers.batches, users, pipelines, events, file_sets restart identity cascade'); // prettier-ignore
    const asItRuns = await bring(mysqlSource(server.address));
    expect(await everything()).toEqual(first);
    expect(asItRuns).toEqual({ ...byDump, read: { ...byDump.read, jobs: 0 } });
    expect(byDump.written).toMatchObject({ issues: 14, batches: 6, actions: 5 });
  });

  it('is only read, and at one moment: what NCA writes meanwhile is not seen, and nothing is changed', async () => {
    await server.query(`DROP USER IF EXISTS reader@localhost; CREATE USER reader@localhost IDENTIFIED BY 'geheim'; GRANT SELECT ON nca.* TO reader@localhost`); // prettier-ignore
    const address = server.address.replace('root@', 'reader@');
    const source = mysqlSource(address, { MYSQL_PWD: 'geheim' });
    const seen: string[] = [];
    for await (const { table, rows } of source.read()) {
      if (seen.length === 0) await server.query(`UPDATE nca.issues SET date = 'changed'; DELETE FROM nca.actions`);
      seen.push(table);
      if (table === 'issues') expect(rows.map((row) => row[3])).not.toContain('changed');
    }
    expect(seen).toContain('actions');
  });

  it('that goes away while it is read is named', async () => {
    const reading = async () => {
      let isCut = false;
      for await (const batch of mysqlSource(server.address).read()) {
        expect(batch.rows.length).toBeGreaterThan(0);
        if (!isCut) await server.killOthers();
        isCut = true;
      }
    };
    await expect(reading()).rejects.toThrow(
      /^the NCA database nca at .*socket, as root: the connection broke while it was read/,
    );
  });

  it('that cannot be reached, or is no NCA, is named without its password', async () => {
    const wrong = server.address.replace('root@', 'nobody:secret@');
    await expect(collect(mysqlSource(wrong))).rejects.toThrow(/NCA database nca at .*socket, as nobody: Access denied/);
    await expect(collect(mysqlSource(wrong))).rejects.not.toThrow(/secret/);
    await expect(collect(mysqlSource('mysql://nca@127.0.0.1:1/nca'))).rejects.toThrow(
      /at 127\.0\.0\.1:1, as nca: .*ECONNREFUSED/,
    );
    expect(() => mysqlSource('postgres://x:secret@y/z')).toThrow(/^the address of the database must be mysql:/);
    await server.query('ALTER TABLE nca.issues DROP COLUMN human_name');
    await expect(collect(mysqlSource(server.address))).rejects.toThrow(/no NCA database of version 6\.3: it has no issues\.human_name;/); // prettier-ignore
  });
});
