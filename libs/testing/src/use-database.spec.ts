import pg from 'pg';
import { expect, test } from 'vitest';
import { useDatabase } from './index.ts';

async function query<Row>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end();
  }
}

test('each call gives an empty database of its own, owned by the role of its url', async () => {
  const [a, b] = await Promise.all([useDatabase('same'), useDatabase('same')]);
  await query(a.url, 'CREATE TABLE t (id int)');
  expect(await query(a.url, 'SELECT * FROM t')).toEqual([]);
  await expect(query(b.url, 'SELECT * FROM t')).rejects.toThrow('does not exist');
});

test('its owner is let into no other database, the superuser into all', async () => {
  const [a, b] = await Promise.all([useDatabase('a'), useDatabase('b')]);
  const trespass = new URL(a.url);
  trespass.pathname = `/${b.name}`;
  await expect(query(trespass.href, 'SELECT 1')).rejects.toThrow('permission denied');
  expect(await query(a.adminUrl, 'SELECT current_user AS who')).toEqual([
    { who: decodeURIComponent(new URL(a.adminUrl).username) },
  ]);
});

test('a dropped database is gone', async () => {
  const { url, drop } = await useDatabase('short lived');
  await drop();
  await expect(query(url, 'SELECT 1')).rejects.toThrow();
});
