import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let own: TestDatabase;
beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(() => own.drop());

test('an int8 comes back as a number', async () => {
  const { rows } = await own.database.pool.query(
    `select 9007199254740991::int8 as one, array[1, null, 3]::int8[] as many`,
  );
  expect(rows).toEqual([{ one: 9007199254740991, many: [1, null, 3] }]);
});
